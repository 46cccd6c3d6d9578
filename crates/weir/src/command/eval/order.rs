//! From a suite file to an order for a run: the files it names, its dataset, its lock.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use weir_evals::suite::{DatasetRef, Lock, Suite};

use super::files::Files;
use crate::command::{
    client::{Client, query},
    failure::Failure,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The suite file
    #[arg(required_unless_present = "resume")]
    suite: Option<PathBuf>,
    /// Ask this deployment, or `weir/WORKLOAD` for a router; again for more [default: the workload's router]
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Grade answers recorded elsewhere: JSON lines of {"item", "text"}, the arm named by NAME= or after the file
    #[arg(long, value_name = "[NAME=]FILE")]
    recorded: Vec<String>,
    /// Compare with this model, run or `baseline` [default: the suite's newest run that passed]
    #[arg(long, value_name = "MODEL|RUN")]
    against: Option<String>,
    /// Stop when answers and judges have cost so much
    #[arg(long, value_name = "USD")]
    pub(super) max_usd: Option<f64>,
    /// Only the first so many items
    #[arg(long, value_name = "N", conflicts_with = "sample")]
    first: Option<u32>,
    /// Only so many items by hash: the same ones every time
    #[arg(long, value_name = "N")]
    sample: Option<u32>,
    /// Only this part of the dataset; again for more [default: the suite's]
    #[arg(long = "split", value_name = "SPLIT")]
    splits: Vec<String>,
    /// Ask each item so often [default: the suite's]
    #[arg(long, value_name = "N")]
    trials: Option<u32>,
    /// Items under way at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: u32,
    /// Fail when the mean quality is under this
    #[arg(long, value_name = "GRADE")]
    fail_under: Option<f64>,
    /// Take a deployment that fails a gate out of its workload's ordinary traffic; one that passes all comes back
    #[arg(long)]
    quarantine: bool,
    /// Go on, as it was ordered, with a run that stopped, was cancelled or has failed questions or grades
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "suite", "models", "recorded", "against", "first", "sample", "splits", "trials", "concurrency", "fail_under",
        "quarantine", "update_lock",
    ])]
    pub(super) resume: Option<String>,
    /// Renew the lock file beside the suite instead of refusing a dataset that has changed
    #[arg(long)]
    update_lock: bool,
    #[command(flatten)]
    pub(super) files: Files,
}

/// A suite with the files that its scorers name.
pub(super) struct SuiteFile {
    pub(super) suite: Suite,
    pub(super) text: String,
    pub(super) files: BTreeMap<String, String>,
}

/// Reads and checks a suite before anything is sent.
pub(super) fn read_suite(path: &Path) -> Result<SuiteFile, Failure> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let base = path.parent().unwrap_or(Path::new(""));
    let files = RefCell::new(BTreeMap::new());
    let read = |name: &str| {
        let bytes = fs::read(base.join(name)).map_err(|error| error.to_string())?;
        let text = match name.ends_with(".wasm") {
            true => BASE64_STANDARD.encode(bytes),
            false => String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?,
        };
        files.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(text)
    };
    let suite = Suite::parse(&text, &path.display().to_string(), &read)
        .map_err(|error| Failure::usage(error.to_string(), "nothing was asked; mend the suite and run again"))?;
    Ok(SuiteFile { suite, text, files: files.into_inner() })
}

/// Starts the run; its id.
pub(super) async fn start(client: &Client, args: &Args, git_sha: Option<&str>) -> Result<String, Failure> {
    let path = args.suite.as_deref().unwrap_or(Path::new(""));
    let SuiteFile { suite, text, files } = read_suite(path)?;
    let lock_path = path.with_extension("lock");
    let lock = read_lock(&lock_path)?;
    let (dataset, version) = dataset(client, path, &suite, lock.as_ref(), args.update_lock).await?;
    let recorded = args.recorded.iter().map(|spec| recorded(spec)).collect::<Result<Vec<_>, _>>()?;
    let order = json!({
        "suite": text,
        "file": path.display().to_string(),
        "files": files,
        "dataset": dataset,
        "version": version,
        "models": args.models,
        "recorded": recorded,
        "against": args.against,
        "splits": args.splits,
        "trials": args.trials,
        "first": args.first,
        "sample": args.sample,
        "max_usd": args.max_usd,
        "concurrency": args.concurrency,
        "fail_under": args.fail_under,
        "quarantine": args.quarantine,
        "git_sha": git_sha,
    });
    let run = client.post("/runs", order.to_string()).await?.value;
    let word = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
    if lock.is_none() || args.update_lock {
        let lock = Lock { dataset: word("dataset"), version: word("dataset_version") };
        fs::write(&lock_path, lock.text()).with_context(|| lock_path.display().to_string())?;
    }
    Ok(word("id"))
}

/// The dataset's name, and the version that the lock holds it to.
async fn dataset(
    client: &Client,
    path: &Path,
    suite: &Suite,
    lock: Option<&Lock>,
    update_lock: bool,
) -> Result<(String, Option<String>), Failure> {
    let held = |name: &str| lock.filter(|lock| lock.dataset == name && !update_lock).map(|lock| lock.version.clone());
    match DatasetRef::parse(&suite.dataset) {
        DatasetRef::Named { name, version } => {
            let version = version.or_else(|| held(&name));
            Ok((name, version))
        }
        DatasetRef::File(file) => {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
            let part = |part: Option<&std::ffi::OsStr>| {
                part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
            };
            let (name, file_name) = (part(file.file_stem()), part(file.file_name()));
            let query =
                query(&[("name", Some(&name)), ("file", Some(&file_name)), ("workload", Some(&suite.workload))]);
            let published = client.post(&format!("/datasets/import{query}"), bytes).await?.value;
            let version = published["version"].as_str().unwrap_or_default().to_owned();
            match held(&name) {
                Some(held) if held != version => Err(Failure::usage(
                    format!(
                        "{} has changed since {} was written",
                        file.display(),
                        path.with_extension("lock").display()
                    ),
                    "`--update-lock` takes the new content; earlier runs are then no baseline for it",
                )),
                _ => Ok((name, Some(version))),
            }
        }
    }
}

fn read_lock(path: &Path) -> Result<Option<Lock>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Lock::parse(&text).map(Some).map_err(|error| {
            Failure::usage(format!("{}: {error}", path.display()), "delete it, and the next run writes it anew")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(anyhow::Error::from(error).context(path.display().to_string()).into()),
    }
}

/// Recorded answers of one arm: `item` or `id`, and `text`, `output` or `response` in each line.
fn recorded(spec: &str) -> Result<Value, Failure> {
    let (name, file) = match spec.split_once('=') {
        Some((name, file)) => (Some(name.to_owned()), PathBuf::from(file)),
        None => (None, PathBuf::from(spec)),
    };
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let answers = lines.map(|(line, number)| answer(line).map_err(|why| wrong(&file, number, &why)));
    Ok(json!({"name": name.unwrap_or(stem), "answers": answers.collect::<Result<Vec<_>, _>>()?}))
}

fn wrong(file: &Path, line: u32, why: &str) -> Failure {
    Failure::usage(
        format!("{}:{line}: {why}", file.display()),
        "a line is {\"item\": \"its id\", \"text\": \"what was said\"}, with `cost_usd` and `latency_ms` where known",
    )
}

fn answer(line: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let first = |keys: &[&str]| keys.iter().find_map(|key| value.get(key)?.as_str()).map(str::to_owned);
    let item = first(&["item", "id", "item_id"]).ok_or("no `item`")?;
    let text = first(&["text", "output", "response"]).ok_or("no `text`")?;
    Ok(json!({"item": item, "text": text, "cost_usd": value.get("cost_usd"), "latency_ms": value.get("latency_ms")}))
}
