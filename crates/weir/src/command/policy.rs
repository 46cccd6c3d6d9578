//! `weir policy list WORKLOAD`.

use super::{
    client::{WORKLOADS, escape},
    failure::{FINE, Outcome},
    look::{Column, Look, column},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir policy list maths         its revisions, newest first
  weir policy list maths --json  the same with all stages")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Revisions of a workload, newest first
    List {
        /// Whose
        workload: String,
    },
}

const LIST: [Column; 6] = [
    column("revision", "revision", Look::Word),
    column("parent", "parent", Look::Word),
    column("at", "at", Look::Time),
    column("author", "author/kind", Look::Word),
    column("admitted", "admitted", Look::Word),
    column("reason", "reason", Look::Text),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let Verb::List { workload } = &self.verb;
        match client.get(&format!("/workloads/{}/policies", escape(workload))).await {
            Ok(reply) => out.list(&reply, &LIST)?,
            Err(failure) => return Err(client.suggest(failure, &WORKLOADS, workload).await),
        }
        out.next(&format!("weir workload show {workload}"))?;
        Ok(FINE)
    }
}
