//! `weir job list | retry`.

use serde_json::json;

use super::{
    client::query,
    failure::{FINE, Outcome},
    look::{Column, Look, column, raw},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir job list                  the newest jobs
  weir job list --status dead    what was given up, and why
  weir job retry                 try all of that again")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The newest jobs; how many there are of each status goes to standard error
    List {
        /// Only these
        #[arg(long, value_parser = ["ready", "running", "done", "failed", "dead"])]
        status: Option<String>,
    },
    /// Put jobs that were given up back into the queue
    Retry {
        /// One job's id; all that were given up when left out
        id: Option<String>,
    },
}

const LIST: [Column; 7] = [
    column("job", "id", Look::Word),
    column("kind", "kind", Look::Word),
    column("status", "status", Look::State),
    column("attempts", "attempts", Look::Count),
    column("of", "max_attempts", Look::Count),
    column("created_at", "created_at", Look::Time),
    column("error", "error", Look::Text),
];

const RETRIED: [Column; 1] = [column("retried", "retried", Look::Count)];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        match &self.verb {
            Verb::List { status } => {
                let reply = client.get(&format!("/jobs{}", query(&[("status", status.as_deref())]))).await?;
                out.list(&reply, &LIST)?;
                let counts = ["ready", "running", "done", "failed", "dead"]
                    .map(|status| format!("{} {status}", raw(&reply.value["counts"][status])));
                out.note(&format!("\n{}", counts.join(", ")))?;
            }
            Verb::Retry { id } => {
                let reply = client.post("/jobs/retry", json!({"id": id}).to_string()).await?;
                match out.is_json() {
                    true => out.line(&reply.text)?,
                    false => out.fields(&reply.value, &RETRIED)?,
                }
            }
        }
        Ok(FINE)
    }
}
