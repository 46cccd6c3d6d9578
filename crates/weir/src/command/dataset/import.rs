//! `weir dataset import FILE`: the file goes up as it is read, and the server's events say how far it is.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::{
    super::{
        client::{Client, WORKLOADS, query},
        failure::{Failure, Refusal},
        look::{Column, Look, column},
        out::Out,
    },
    NEAR, name_of,
};

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file
    file: PathBuf,
    /// The dataset's name [default: the file's, without its ending]
    #[arg(long)]
    name: Option<String>,
    /// Whose live prompts are looked up in it
    #[arg(long)]
    workload: Option<String>,
    /// Columns by field, such as input:question,expected:answer [default: guessed from their names]; separator:; parts
    /// the passages in a cell
    #[arg(long)]
    map: Option<String>,
    /// One line about it
    #[arg(long)]
    description: Option<String>,
    /// Splits for items that name none, such as policy,heldout; by hash of their cluster
    #[arg(long)]
    splits: Option<String>,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Only show how the file would be read
    #[arg(long)]
    dry_run: bool,
}

const IMPORTED: [Column; 7] = [
    column("dataset", "name", Look::Word),
    column("version", "version", Look::Word),
    column("items", "items", Look::Count),
    column("added", "added", Look::Count),
    column("duplicate", "duplicate", Look::Count),
    column("buried", "buried", Look::Count),
    column("nearly_the_same", "near_total", Look::Count),
];

const PREVIEW: [Column; 3] = [
    column("format", "format", Look::Word),
    column("columns", "columns", Look::Word),
    column("items", "items", Look::Count),
];

const ROWS: [Column; 3] =
    [column("line", "line", Look::Count), column("item", "item", Look::Text), column("error", "error", Look::Text)];

const BAD: [Column; 2] = [column("line", "line", Look::Count), column("message", "message", Look::Text)];

impl Import {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let (file, stem) = name_of(&self.file);
        if self.dry_run {
            let query = query(&[("name", Some(&file)), ("map", self.map.as_deref())]);
            return self.preview(client, out, &query).await;
        }
        let name = self.name.clone().unwrap_or(stem);
        let query = query(&[
            ("name", Some(&name)),
            ("file", Some(&file)),
            ("workload", self.workload.as_deref()),
            ("description", self.description.as_deref()),
            ("map", self.map.as_deref()),
            ("splits", self.splits.as_deref()),
            ("skip_bad", self.skip_bad.then_some("true")),
            ("progress", Some("true")),
        ]);
        let imported = match self.follow(client, out, &format!("/datasets/import{query}")).await {
            Ok(imported) => imported,
            Err(failure) => {
                let workload = self.workload.as_deref().unwrap_or_default();
                return Err(in_words(client.suggest(failure, &WORKLOADS, workload).await, &self.file));
            }
        };
        if out.is_json() {
            return out.line(&imported.to_string());
        }
        out.fields(&imported, &IMPORTED)?;
        let rows = |key: &str| imported[key].as_array().map_or(&[][..], Vec::as_slice);
        if !rows("skipped").is_empty() {
            out.part("skipped")?;
            out.rows(rows("skipped"), &BAD)?;
        }
        if !rows("near").is_empty() {
            out.part("nearly the same")?;
            out.rows(rows("near"), &NEAR)?;
        }
        out.next(&format!("weir dataset show {name}"))
    }

    /// Sends the file, and shows how far the server is until it is done.
    async fn follow(&self, client: &Client, out: &mut Out<'_, '_>, path: &str) -> Result<Value, Failure> {
        let bytes = self.open().await?;
        let bar = bar(out.follows(), "sending");
        let sending = bar.clone();
        let mut events = client.upload(path, bytes, move |sent| sending.set_position(sent)).await?;
        loop {
            let (name, data) = events.next().await?;
            let data: Value = serde_json::from_str(&data).unwrap_or_default();
            match name.as_str() {
                "progress" => {
                    bar.set_length(data["total_bytes"].as_u64().unwrap_or_default());
                    bar.set_position(data["bytes"].as_u64().unwrap_or_default());
                    bar.set_message(format!("{} rows", data["rows"]));
                }
                "done" => {
                    bar.finish_and_clear();
                    return Ok(data);
                }
                "failed" => {
                    bar.finish_and_clear();
                    let word = |key: &str| data[key].as_str().map(str::to_owned);
                    return Err(Failure::Api(Refusal {
                        code: word("code").unwrap_or_default(),
                        message: word("message").unwrap_or_default(),
                        hint: word("hint"),
                    }));
                }
                _ => {}
            }
        }
    }

    async fn preview(&self, client: &Client, out: &mut Out<'_, '_>, query: &str) -> Result<(), Failure> {
        let reply = client.send_file(&format!("/datasets/preview{query}"), self.open().await?).await?;
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

    async fn open(&self) -> Result<tokio::fs::File, Failure> {
        Ok(tokio::fs::File::open(&self.file).await.with_context(|| self.file.display().to_string())?)
    }
}

/// A bar for people who watch, and nothing for logs: an import takes seconds.
fn bar(shown: bool, message: &'static str) -> ProgressBar {
    let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target).with_message(message);
    if let Ok(style) =
        ProgressStyle::with_template("import {bytes}/{total_bytes} {bar:24} {msg}, {elapsed}, {eta} left")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(300));
    bar
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
