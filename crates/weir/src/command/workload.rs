//! `weir workload list | show NAME`.

use super::{
    client::{WORKLOADS, escape},
    failure::{FINE, Outcome},
    look::{Column, Look, column},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir workload list             quality, cost and state of each
  weir workload show maths       its candidates and how they do")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every workload in one line
    List,
    /// One workload: its figures, its policy in a sentence, its candidates
    Show {
        /// Its name
        name: String,
    },
}

const LIST: [Column; 10] = [
    column("workload", "id", Look::Word),
    column("state", "state", Look::State),
    column("strategy", "strategy", Look::Word),
    column("quality", "quality/value", Look::Grade),
    column("at_least", "quality/lower", Look::Grade),
    column("floor", "floor", Look::Grade),
    column("cost_per_1k_usd", "cost_per_1k_usd", Look::Usd),
    column("vs_best", "vs_best", Look::Share),
    column("p95_ms", "p95_ms", Look::Ms),
    column("requests", "requests", Look::Count),
];

const FIELDS: [Column; 13] = [
    column("workload", "id", Look::Word),
    column("state", "state", Look::State),
    column("routes", "sentence", Look::Text),
    column("revision", "policy/revision", Look::Word),
    column("quality", "quality/value", Look::Grade),
    column("at_least", "quality/lower", Look::Grade),
    column("floor", "floor", Look::Grade),
    column("cost_per_1k_usd", "cost_per_1k_usd", Look::Usd),
    column("vs_best", "vs_best", Look::Share),
    column("p95_ms", "p95_ms", Look::Ms),
    column("requests", "requests", Look::Count),
    column("scorers", "scorers", Look::Word),
    column("canary", "canary", Look::Word),
];

const CANDIDATES: [Column; 11] = [
    column("deployment", "deployment", Look::Word),
    column("admitted", "admitted", Look::Word),
    column("stable", "stable", Look::Word),
    column("share", "share", Look::Share),
    column("requests", "requests", Look::Count),
    column("quality", "quality/value", Look::Grade),
    column("at_least", "quality/lower", Look::Grade),
    column("window", "window", Look::State),
    column("cost_per_1k_usd", "cost_per_1k_usd", Look::Usd),
    column("p50_ms", "p50_ms", Look::Ms),
    column("p95_ms", "p95_ms", Look::Ms),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        match &self.verb {
            Verb::List => {
                out.list(&client.get("/workloads").await?, &LIST)?;
                out.next("weir workload show NAME")?;
            }
            Verb::Show { name } => {
                let reply = match client.get(&format!("/workloads/{}", escape(name))).await {
                    Ok(reply) => reply,
                    Err(failure) => return Err(client.suggest(failure, &WORKLOADS, name).await),
                };
                if out.is_json() {
                    out.line(&reply.text)?;
                    return Ok(FINE);
                }
                out.fields(&reply.value, &FIELDS)?;
                out.part("candidates")?;
                out.rows(reply.rows("candidates"), &CANDIDATES)?;
                match reply.value["canary"].as_str() {
                    Some(canary) => out.next(&format!("weir canary watch {canary}"))?,
                    None => out.next(&format!("weir trace list --workload {name}"))?,
                }
            }
        }
        Ok(FINE)
    }
}
