//! `weir deployment list`.

use super::{
    failure::{FINE, Outcome},
    look::{Column, Look, column},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir deployment list           price, health and traffic of each
  weir deployment list --json    the same with capabilities")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every deployment in one line
    List,
}

const LIST: [Column; 9] = [
    column("deployment", "id", Look::Word),
    column("provider", "provider", Look::Word),
    column("model", "model", Look::Word),
    column("health", "health/state", Look::State),
    column("input_usd_per_1m", "price/input_usd", Look::Usd),
    column("output_usd_per_1m", "price/output_usd", Look::Usd),
    column("requests_1h", "requests_1h", Look::Count),
    column("error_share_1h", "error_share_1h", Look::Share),
    column("latency_ms", "health/latency_ms", Look::Ms),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let Verb::List = self.verb;
        out.list(&client.get("/deployments").await?, &LIST)?;
        out.next("weir doctor")?;
        Ok(FINE)
    }
}
