//! `weir rule list | pause | resume | backfill`.

use serde_json::json;

use super::{
    client::{Reply, escape},
    failure::{FINE, Failure, Outcome},
    look::{Column, Look, column, raw},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir rule list                        what is scored online, how much of it, and what it has cost today
  weir rule pause hard --reason drift   stop one; its jobs that wait are still done
  weir rule backfill hard --hours 24    score yesterday's answers too, when nothing else waits")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every rule; how far behind scoring is goes to standard error
    List,
    /// Stop one
    Pause {
        /// Its name
        name: String,
        /// Why; shown until it is resumed
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let one go on
    Resume {
        /// Its name
        name: String,
    },
    /// Score past answers, behind all live work
    Backfill {
        /// The rule's name
        name: String,
        /// Answers of so many hours, up to now
        #[arg(long, default_value_t = 24.0)]
        hours: f64,
        /// Most answers to score
        #[arg(long)]
        most: Option<u64>,
    },
}

const LIST: [Column; 8] = [
    column("rule", "name", Look::Word),
    column("workload", "workload", Look::Word),
    column("status", "status", Look::State),
    column("sample", "sample", Look::Share),
    column("now", "share", Look::Share),
    column("spent", "spent_usd_today", Look::Word),
    column("scorers", "scorers", Look::Word),
    column("reason", "reason", Look::Text),
];

const BACKFILL: [Column; 5] = [
    column("backfill", "id", Look::Count),
    column("rule", "rule", Look::Word),
    column("since", "since", Look::Time),
    column("until", "until", Look::Time),
    column("most", "most", Look::Count),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        match &self.verb {
            Verb::List => {
                let reply = client.get("/rules").await?;
                out.list(&reply, &LIST)?;
                let pressure = &reply.value["pressure"];
                if pressure.is_object() {
                    let figure = |name: &str| raw(&pressure[name]);
                    out.note(&format!(
                        "\n{} jobs wait, the oldest for {} s; sampling × {}",
                        figure("waiting"),
                        figure("oldest_s"),
                        figure("factor")
                    ))?;
                }
            }
            Verb::Pause { name, reason } => {
                let reply = client
                    .post(&format!("/rules/{}/pause", escape(name)), json!({"reason": reason}).to_string())
                    .await?;
                record(&mut out, &reply, &LIST)?;
            }
            Verb::Resume { name } => {
                let reply = client.post(&format!("/rules/{}/resume", escape(name)), "").await?;
                record(&mut out, &reply, &LIST)?;
            }
            Verb::Backfill { name, hours, most } => {
                let body = json!({"hours": hours, "most": most});
                let reply = client.post(&format!("/rules/{}/backfill", escape(name)), body.to_string()).await?;
                record(&mut out, &reply, &BACKFILL)?;
            }
        }
        Ok(FINE)
    }
}

fn record(out: &mut Out<'_, '_>, reply: &Reply, fields: &[Column]) -> Result<(), Failure> {
    if out.is_json() { out.line(&reply.text) } else { out.fields(&reply.value, fields) }
}
