//! `weir dataset list | show NAME | import FILE`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{
    client::{Client, DATASETS, WORKLOADS, escape, query},
    failure::{FINE, Failure, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir dataset import faq.csv --workload support --map input:question,expected:answer
  weir dataset import faq.csv --dry-run    how the file would be read")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every dataset at its current version
    List,
    /// One dataset: its versions and its first items
    Show {
        /// Its name
        name: String,
    },
    /// Publish a file as a dataset version: CSV, JSON, JSON lines, OpenAI evals or promptfoo
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The file
    file: PathBuf,
    /// The dataset's name [default: the file's, without its ending]
    #[arg(long)]
    name: Option<String>,
    /// Whose live prompts are looked up in it
    #[arg(long)]
    workload: Option<String>,
    /// Columns by field, such as input:question,expected:answer [default: guessed from their names]
    #[arg(long)]
    map: Option<String>,
    /// One line about it
    #[arg(long)]
    description: Option<String>,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Only show how the file would be read
    #[arg(long)]
    dry_run: bool,
}

const LIST: [Column; 6] = [
    column("dataset", "name", Look::Word),
    column("workload", "workload", Look::Word),
    column("items", "items", Look::Count),
    column("version", "version", Look::Word),
    column("created_at", "created_at", Look::Time),
    column("description", "description", Look::Text),
];

const VERSIONS: [Column; 4] = [
    column("version", "id", Look::Word),
    column("items", "items", Look::Count),
    column("created_at", "created_at", Look::Time),
    column("note", "note", Look::Text),
];

const IMPORTED: [Column; 5] = [
    column("dataset", "name", Look::Word),
    column("version", "version", Look::Word),
    column("items", "items", Look::Count),
    column("added", "added", Look::Count),
    column("duplicate", "duplicate", Look::Count),
];

const PREVIEW: [Column; 3] = [
    column("format", "format", Look::Word),
    column("columns", "columns", Look::Word),
    column("items", "items", Look::Count),
];

const ROWS: [Column; 3] =
    [column("line", "line", Look::Count), column("item", "item", Look::Text), column("error", "error", Look::Text)];

const BAD: [Column; 2] = [column("line", "line", Look::Count), column("message", "message", Look::Text)];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        match &self.verb {
            Verb::List => {
                out.list(&client.get("/datasets").await?, &LIST)?;
                out.next("weir dataset show NAME, or weir dataset import FILE")?;
            }
            Verb::Show { name } => show(&client, &mut out, name).await?,
            Verb::Import(import) => import.run(&client, &mut out).await?,
        }
        Ok(FINE)
    }
}

async fn show(client: &Client, out: &mut Out<'_, '_>, name: &str) -> Result<(), Failure> {
    let reply = match client.get(&format!("/datasets/{}", escape(name))).await {
        Ok(reply) => reply,
        Err(failure) => return Err(client.suggest(failure, &DATASETS, name).await),
    };
    if out.is_json() {
        return out.line(&reply.text);
    }
    out.fields(&reply.value, &LIST)?;
    out.part("versions")?;
    out.rows(reply.rows("versions"), &VERSIONS)?;
    out.part("first items")?;
    for item in reply.rows("sample") {
        out.line(&item.to_string())?;
    }
    Ok(())
}

impl Import {
    async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let bytes = fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        let name_of = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let file = name_of(self.file.file_name()).unwrap_or_default();
        if self.dry_run {
            let query = query(&[("name", Some(&file)), ("map", self.map.as_deref())]);
            return preview(client, out, &query, bytes).await;
        }
        let name = self.name.clone().or_else(|| name_of(self.file.file_stem())).unwrap_or_default();
        let query = query(&[
            ("name", Some(&name)),
            ("file", Some(&file)),
            ("workload", self.workload.as_deref()),
            ("description", self.description.as_deref()),
            ("map", self.map.as_deref()),
            ("skip_bad", self.skip_bad.then_some("true")),
        ]);
        let reply = match client.post(&format!("/datasets/import{query}"), bytes).await {
            Ok(reply) => reply,
            Err(failure) => {
                let workload = self.workload.as_deref().unwrap_or_default();
                return Err(in_words(client.suggest(failure, &WORKLOADS, workload).await, &self.file));
            }
        };
        if out.is_json() {
            return out.line(&reply.text);
        }
        out.fields(&reply.value, &IMPORTED)?;
        let skipped = reply.rows("skipped");
        if !skipped.is_empty() {
            out.part("skipped")?;
            out.rows(skipped, &BAD)?;
        }
        out.next(&format!("weir dataset show {name}"))
    }
}

async fn preview(client: &Client, out: &mut Out<'_, '_>, query: &str, bytes: Vec<u8>) -> Result<(), Failure> {
    let reply = client.post(&format!("/datasets/preview{query}"), bytes).await?;
    if out.is_json() {
        return out.line(&reply.text);
    }
    out.fields(&reply.value, &PREVIEW)?;
    out.part("rows")?;
    out.rows(reply.rows("rows"), &ROWS)?;
    if !reply.rows("bad").is_empty() {
        out.part("bad rows")?;
        out.rows(reply.rows("bad"), &BAD)?;
    }
    Ok(())
}

/// The API's hint names a parameter; here it is a flag. The place of a bad row is in the file.
fn in_words(failure: Failure, file: &Path) -> Failure {
    let Failure::Api(mut refusal) = failure else {
        return failure;
    };
    if refusal.code == weir_core::error::BAD_DATASET.code {
        refusal.message = format!("{}\n  in {}", refusal.message, file.display());
        refusal.hint =
            Some("mend the rows, or `--skip-bad` to import the others; `--dry-run` shows how it is read".into());
    }
    Failure::Api(refusal)
}
