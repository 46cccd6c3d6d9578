//! `weir route explain SPAN`, as it was or as if.

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
  weir route explain 0f3c… --without openai --floor 0.9
                                 where it would have gone without a provider, with a higher floor
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
        /// As if this deployment or provider were not there; may be repeated
        #[arg(long, value_name = "NAME")]
        without: Vec<String>,
        /// As if the floor were this
        #[arg(long, value_name = "0..1")]
        floor: Option<f64>,
        /// Make it again from its record, and say whether it comes out the same
        #[arg(long)]
        replay: bool,
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
        let Verb::Explain { span, without, floor, replay } = &self.verb;
        let again = *replay || !without.is_empty() || floor.is_some();
        let mut path = format!("/decisions/{}", escape(span));
        if again {
            path.push_str(&format!("/replay?without={}", escape(&without.join(","))));
            path.extend(floor.map(|floor| format!("&floor={floor}")));
        }
        let reply = client.get(&path).await?;
        if out.is_json() {
            out.line(&reply.text)?;
            return Ok(FINE);
        }
        for sentence in reply.rows("sentences").iter().filter_map(Value::as_str) {
            out.line(sentence)?;
        }
        if again {
            out.line(match reply.value["same"] {
                Value::Bool(true) => "It comes out as it was recorded.",
                _ => "It was recorded otherwise.",
            })?;
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
