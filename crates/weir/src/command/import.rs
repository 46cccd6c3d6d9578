//! `weir import promptfoo FILE`: another product's evals as weir's suites and datasets, written beside each other. Asks no
//! server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::{Value, json};
use weir_evals::promptfoo::{self, Wish};

use super::{
    failure::{FINE, Failure, Outcome},
    io::Io,
    look::{Column, Look, column},
    out::{Colour, Out},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir import promptfoo promptfooconfig.yaml --workload support --out evals
  weir eval run evals/support.toml --model openai/gpt-5-mini         and then ask its items")]
pub(super) struct Noun {
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// A promptfoo configuration: its tests become a dataset, its assertions the scorers of a suite
    Promptfoo(Args),
}

#[derive(Debug, clap::Args)]
struct Args {
    /// The configuration: YAML or JSON
    file: PathBuf,
    /// Of dataset and suite [default: the file's, without its ending; of promptfooconfig.yaml its folder's]
    #[arg(long)]
    name: Option<String>,
    /// The workload that the suite holds to account
    #[arg(long, default_value = "default")]
    workload: String,
    /// Which of several prompts is asked, from 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    prompt: usize,
    /// The folder to write to
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

const WRITTEN: [Column; 3] =
    [column("wrote", "file", Look::Word), column("holds", "holds", Look::Word), column("items", "items", Look::Count)];
const NOTES: [Column; 1] = [column("note", "note", Look::Text)];

pub(super) fn run(io: &mut Io<'_>, colour: Colour, noun: &Noun) -> Outcome {
    let Verb::Promptfoo(args) = &noun.verb;
    let mut out = Out::new(io, noun.json, colour);
    let text = fs::read_to_string(&args.file).with_context(|| args.file.display().to_string())?;
    let base = args.file.parent().unwrap_or(Path::new(""));
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.file));
    let read = |path: &str| fs::read_to_string(base.join(path)).map_err(|error| error.to_string());
    let wish = Wish { name: &name, workload: &args.workload, prompt: args.prompt };
    let imported = promptfoo::import(&text, wish, &read).map_err(|message| {
        Failure::usage(format!("{}: {message}", args.file.display()), "nothing was written; mend it and import again")
    })?;

    let mut files: Vec<(PathBuf, &[u8], Value)> = Vec::new();
    let dataset = args.out.join(format!("{name}.jsonl"));
    files.push((dataset, imported.dataset.as_slice(), json!({ "holds": "dataset", "items": imported.items })));
    for (name, text) in &imported.suites {
        files.push((args.out.join(format!("{name}.toml")), text.as_bytes(), json!({ "holds": "suite" })));
    }
    if let Some((there, ..)) = files.iter().find(|(path, ..)| !args.force && path.exists()) {
        return Err(Failure::usage(format!("{} is there already", there.display()), "`--force` writes over it"));
    }
    fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let mut written = Vec::new();
    for (path, bytes, mut row) in files {
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        row["file"] = path.display().to_string().into();
        written.push(row);
    }
    if out.is_json() {
        out.line(&json!({ "written": written, "notes": imported.notes }).to_string())?;
        return Ok(FINE);
    }
    out.rows(&written, &WRITTEN)?;
    if !imported.notes.is_empty() {
        out.part("to know")?;
        let notes: Vec<Value> = imported.notes.iter().map(|note| json!({ "note": note })).collect();
        out.rows(&notes, &NOTES)?;
    }
    if let Some(suite) = written.get(1) {
        out.next(&format!("weir eval run {} --model NAME", suite["file"].as_str().unwrap_or_default()))?;
    }
    Ok(FINE)
}

/// What the configuration is called: most are called alike, and their folder says more.
fn name_of(file: &Path) -> String {
    let word = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = word(file.file_stem()).unwrap_or_default();
    let named = if stem == "promptfooconfig" {
        let folder = file.canonicalize().ok();
        folder.and_then(|path| word(path.parent()?.file_name())).unwrap_or(stem)
    } else {
        stem
    };
    named.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '-' }).collect()
}
