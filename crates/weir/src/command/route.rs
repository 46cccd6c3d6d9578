//! `weir route explain SPAN`.

use serde_json::Value;

use super::{
    client::escape,
    failure::{FINE, Outcome},
    look::{Column, Look, column},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir route explain 0f3c…       why this request went where it went; the id is in `x-weir-span-id`
  weir trace list                find a request's id")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Why a request went where it went, in sentences
    Explain {
        /// `x-weir-span-id` of the answer
        span: String,
    },
}

const CANDIDATES: [Column; 7] = [
    column("deployment", "deployment", Look::Word),
    column("verdict", "verdict", Look::State),
    column("quality", "quality/mean", Look::Grade),
    column("at_least", "quality/lower", Look::Grade),
    column("expected_cost_nano_usd", "expected_cost", Look::Count),
    column("latency_ms", "latency_ms", Look::Ms),
    column("in_flight", "in_flight", Look::Count),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let Verb::Explain { span } = &self.verb;
        let reply = client.get(&format!("/decisions/{}", escape(span))).await?;
        if out.is_json() {
            out.line(&reply.text)?;
            return Ok(FINE);
        }
        for sentence in reply.rows("sentences").iter().filter_map(Value::as_str) {
            out.line(sentence)?;
        }
        let candidates = reply.value["decision"]["candidates"].as_array();
        if let Some(candidates) = candidates.filter(|_| out.is_table()) {
            out.part("candidates")?;
            out.rows(candidates, &CANDIDATES)?;
        }
        out.next(&format!("weir trace show {span}"))?;
        Ok(FINE)
    }
}
