//! `weir dataset …`: what quality is held against.

mod edit;
mod export;
mod import;

use std::path::Path;

use super::{
    client::{Client, DATASETS, escape, query},
    failure::{FINE, Failure, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir dataset import faq.csv --workload support --map input:question,expected:answer
  weir dataset add hard --from 'score.factuality<0.5 and workload=support' --sample 200 --stratify model")]
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
    /// One dataset: its versions, splits and first items
    Show {
        /// Its name
        name: String,
    },
    /// Publish a file as a version: JSON lines, CSV, Parquet, or a file of promptfoo, OpenAI evals, Braintrust, Langfuse,
    /// Phoenix, Inspect, DeepEval or Ragas
    Import(import::Import),
    /// Publications of a dataset, newest first
    Versions {
        /// Its name
        name: String,
    },
    /// What changed between two versions
    Diff(Diff),
    /// Write a version to a file or standard output
    Export(export::Export),
    /// Put requests into a dataset's draft
    Add(edit::Add),
    /// Make the draft the current version
    Publish {
        /// Its name
        name: String,
        /// Why, in one line
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Throw the draft away
    Discard {
        /// Its name
        name: String,
    },
    /// Take a dataset out of every list, or items out of its draft
    Delete(edit::Delete),
    /// Destroy the content of items in every version; their hashes stay
    Purge(edit::Purge),
    /// Look for near copies, and for held-out items that others can see; exit 1 when there are such
    Check {
        /// Its name
        name: String,
        /// `draft`, or the beginning of a version's id [default: the current one]
        #[arg(long)]
        version: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Diff {
    /// The dataset's name
    name: String,
    /// The earlier version: the beginning of its id [default: the one before the later]
    from: Option<String>,
    /// The later version: `draft`, or the beginning of its id [default: the current one]
    to: Option<String>,
}

const LIST: [Column; 6] = [
    column("dataset", "name", Look::Word),
    column("workload", "workload", Look::Word),
    column("items", "items", Look::Count),
    column("version", "version", Look::Word),
    column("created_at", "created_at", Look::Time),
    column("description", "description", Look::Text),
];

const SPLITS: [Column; 2] = [column("split", "split", Look::Word), column("items", "items", Look::Count)];

const VERSIONS: [Column; 6] = [
    column("version", "id", Look::Word),
    column("parent", "parent", Look::Word),
    column("items", "items", Look::Count),
    column("author", "author", Look::Word),
    column("created_at", "created_at", Look::Time),
    column("note", "note", Look::Text),
];

const DIFF: [Column; 6] = [
    column("from", "from", Look::Word),
    column("to", "to", Look::Word),
    column("added", "added", Look::Count),
    column("removed", "removed", Look::Count),
    column("changed", "changed", Look::Count),
    column("same", "same", Look::Count),
];

const CHANGED: [Column; 4] = [
    column("item", "id", Look::Word),
    column("change", "kind", Look::Word),
    column("fields", "fields", Look::Word),
    column("about", "about", Look::Text),
];

const PUBLISHED: [Column; 5] = [
    column("dataset", "name", Look::Word),
    column("version", "version", Look::Word),
    column("items", "items", Look::Count),
    column("added", "added", Look::Count),
    column("duplicate", "duplicate", Look::Count),
];

const CHECKED: [Column; 4] = [
    column("version", "version", Look::Word),
    column("items", "items", Look::Count),
    column("near", "near_total", Look::Count),
    column("leaks", "leaks_total", Look::Count),
];

const NEAR: [Column; 3] = [
    column("item", "id", Look::Word),
    column("like", "of", Look::Word),
    column("similarity", "similarity", Look::Grade),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let out = &mut out;
        match &self.verb {
            Verb::List => {
                out.list(&client.get("/datasets").await?, &LIST)?;
                out.next("weir dataset show NAME, or weir dataset import FILE")?;
            }
            Verb::Show { name } => show(&client, out, name).await?,
            Verb::Import(import) => import.run(&client, out).await?,
            Verb::Versions { name } => {
                let reply = named(&client, name, client.get(&at(name, "/versions")).await).await?;
                out.list(&reply, &VERSIONS)?;
                out.next(&format!("weir dataset diff {name}"))?;
            }
            Verb::Diff(diff) => diff.run(&client, out).await?,
            Verb::Export(export) => export.run(&client, out).await?,
            Verb::Add(add) => add.run(&client, out).await?,
            Verb::Publish { name, note } => {
                let body = serde_json::json!({ "note": note }).to_string();
                let reply = named(&client, name, client.post(&at(name, "/publish"), body).await).await?;
                if out.is_json() {
                    out.line(&reply.text)?;
                } else {
                    out.fields(&reply.value, &PUBLISHED)?;
                }
                out.next(&format!("weir dataset diff {name}"))?;
            }
            Verb::Discard { name } => {
                let reply = named(&client, name, client.post(&at(name, "/discard"), "").await).await?;
                out.line(&if out.is_json() { reply.text } else { format!("the draft of {name} is gone") })?;
            }
            Verb::Delete(delete) => delete.run(&client, out).await?,
            Verb::Purge(purge) => purge.run(&client, out).await?,
            Verb::Check { name, version } => return check(&client, out, name, version.as_deref()).await,
        }
        Ok(FINE)
    }
}

/// A path of one dataset.
fn at(name: &str, rest: &str) -> String {
    format!("/datasets/{}{rest}", escape(name))
}

/// An answer about a dataset; when there is none of this name, with the nearest as the hint.
async fn named<T>(client: &Client, name: &str, reply: Result<T, Failure>) -> Result<T, Failure> {
    match reply {
        Ok(reply) => Ok(reply),
        Err(failure) => Err(client.suggest(failure, &DATASETS, name).await),
    }
}

async fn show(client: &Client, out: &mut Out<'_, '_>, name: &str) -> Result<(), Failure> {
    let reply = named(client, name, client.get(&at(name, "")).await).await?;
    if out.is_json() {
        return out.line(&reply.text);
    }
    out.fields(&reply.value, &LIST)?;
    if reply.value["draft"] == true {
        out.line("draft\tedits wait: weir dataset publish, or discard")?;
    }
    out.part("splits")?;
    out.rows(reply.rows("splits"), &SPLITS)?;
    out.part("versions")?;
    out.rows(reply.rows("versions"), &VERSIONS)?;
    out.part("first items")?;
    for item in reply.rows("sample") {
        out.line(&item.to_string())?;
    }
    Ok(())
}

impl Diff {
    async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let query = query(&[("from", self.from.as_deref()), ("to", self.to.as_deref()), ("limit", Some("500"))]);
        let reply = named(client, &self.name, client.get(&at(&self.name, &format!("/diff{query}"))).await).await?;
        if out.is_json() {
            return out.line(&reply.text);
        }
        out.fields(&reply.value, &DIFF)?;
        out.part("items")?;
        out.rows(reply.items(), &CHANGED)
    }
}

async fn check(client: &Client, out: &mut Out<'_, '_>, name: &str, version: Option<&str>) -> Outcome {
    let path = at(name, &format!("/check{}", query(&[("version", version)])));
    let reply = named(client, name, client.get(&path).await).await?;
    let leaks = !reply.rows("leaks").is_empty();
    if out.is_json() {
        out.line(&reply.text)?;
    } else {
        out.fields(&reply.value, &CHECKED)?;
        if !reply.rows("near").is_empty() {
            out.part("nearly the same")?;
            out.rows(reply.rows("near"), &NEAR)?;
        }
        if leaks {
            out.part("held out, and seen elsewhere")?;
            out.rows(reply.rows("leaks"), &NEAR)?;
        }
    }
    Ok(if leaks { NEGATIVE } else { FINE })
}

/// The name of a file without its folder, and without its ending.
fn name_of(file: &Path) -> (String, String) {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    (text(file.file_name()).unwrap_or_default(), text(file.file_stem()).unwrap_or_default())
}
