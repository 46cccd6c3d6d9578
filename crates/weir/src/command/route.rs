//! `weir route explain`: of a request that was served, as it was or as if; or of one that has not been sent.

use std::{fs, io::Read, path::PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::{
    client::{Reply, escape},
    failure::{FINE, Failure, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir route explain 0f3c…       why this request went where it went; the id is in `x-weir-span-id`
  weir route explain 0f3c… --without openai --floor 0.9
                                 where it would have gone without a provider, with a higher floor
  weir route explain -f chat.json
                                 where this chat would go now; nobody is asked, nothing is recorded
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
        #[arg(required_unless_present = "file")]
        span: Option<String>,
        /// A chat completion that has not been sent, as JSON; `-` reads standard input
        #[arg(short, long, value_name = "FILE", conflicts_with_all = ["span", "without", "floor", "replay"])]
        file: Option<PathBuf>,
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
    pub(super) async fn run(&self, session: Session<'_, '_>) -> Outcome {
        let Verb::Explain { span, file, without, floor, replay } = &self.verb;
        match (span, file) {
            (_, Some(file)) => unsent(session, file).await,
            (Some(span), None) => {
                let again = *replay || !without.is_empty() || floor.is_some();
                let mut path = format!("/decisions/{}", escape(span));
                if again {
                    path.push_str(&format!("/replay?without={}", escape(&without.join(","))));
                    path.extend(floor.map(|floor| format!("&floor={floor}")));
                }
                served(session, span, &path, again).await
            }
            (None, None) => Err(Failure::usage("no request is named", "give the id of one, or `-f FILE`")),
        }
    }
}

/// Of a request that was served.
async fn served(Session { client, mut out }: Session<'_, '_>, span: &str, path: &str, again: bool) -> Outcome {
    let reply = client.get(path).await?;
    if out.is_json() {
        out.line(&reply.text)?;
        return Ok(FINE);
    }
    sentences(&mut out, &reply)?;
    if again {
        out.line(match reply.value["same"] {
            Value::Bool(true) => "It comes out as it was recorded.",
            _ => "It was recorded otherwise.",
        })?;
    }
    candidates(&mut out, &reply)?;
    out.next(&format!("weir trace show {span}"))?;
    Ok(FINE)
}

/// Of a request that is in a file.
async fn unsent(Session { client, mut out }: Session<'_, '_>, file: &PathBuf) -> Outcome {
    let body = match file.as_os_str() == "-" {
        true => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text).map_err(anyhow::Error::from)?;
            text
        }
        false => fs::read(file).with_context(|| file.display().to_string())?,
    };
    let reply = client.explain(body).await?;
    if out.is_json() {
        out.line(&reply.text)?;
        return Ok(FINE);
    }
    sentences(&mut out, &reply)?;
    candidates(&mut out, &reply)?;
    Ok(FINE)
}

fn sentences(out: &mut Out<'_, '_>, reply: &Reply) -> Result<(), Failure> {
    reply.rows("sentences").iter().filter_map(Value::as_str).try_for_each(|sentence| out.line(sentence))
}

fn candidates(out: &mut Out<'_, '_>, reply: &Reply) -> Result<(), Failure> {
    let candidates = reply.value["decision"]["candidates"].as_array();
    if let Some(candidates) = candidates.filter(|_| out.is_table()) {
        out.part("candidates")?;
        out.rows(candidates, &CANDIDATES)?;
    }
    Ok(())
}
