//! One question of a run, through weir's own gateway: routed, priced and recorded like all traffic, counted as none.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time;
use weir_core::{
    WorkloadId,
    run::RunOutput,
    span::{Errand, Origin},
};
use weir_evals::dataset::Item;
use weir_providers::dialect::text;

use super::script::Script;
use crate::{
    Desk,
    own::{Account, Asked},
};

/// Prefix of arms that are a workload's router.
const ROUTER: &str = "weir/";
/// Tries of one question.
const TRIES: u32 = 4;
/// First wait between tries; doubles.
const WAIT: Duration = Duration::from_millis(500);
/// Longest wait, whatever a provider asks for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Bytes of a refusal that are kept.
const ERROR_BYTES: usize = 500;

/// Asks `arm` one item. What fails for a while is asked again; what fails for good is stored with its reason.
pub(super) async fn ask(
    desk: &Desk,
    script: &Script,
    (ord, item, errand): (u32, &Item, &Errand),
    arm: &str,
    trial: u32,
) -> RunOutput {
    let workload = WorkloadId::from(script.suite.workload.as_str());
    let account = if arm.starts_with(ROUTER) { Account::Own } else { Account::Workload(&workload) };
    let body = Bytes::from(serde_json::json!({"model": arm, "messages": item.input}).to_string());
    let mut wait = WAIT;
    let mut tries = 0;
    loop {
        tries += 1;
        let started = desk.clock.elapsed();
        let reply = desk.bench.own(&desk.transport, Origin::Eval, account, errand, body.clone()).await;
        let latency = desk.clock.elapsed().saturating_sub(started);
        let mut output = RunOutput {
            seq: 0,
            ord,
            arm: arm.to_owned(),
            trial,
            said: Err(String::new()),
            span_id: None,
            // Tells what was asked from what was recorded elsewhere.
            deployment: Some(arm.to_owned()),
            cost: None,
            latency_us: Some(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)),
            input_tokens: None,
            output_tokens: None,
            at: desk.clock.now(),
            scores: Vec::new(),
        };
        match reply {
            Ok(asked) if asked.status == 200 => {
                script.spend(asked.cost.unwrap_or_default());
                fill(&mut output, asked);
                return output;
            }
            Ok(asked) => {
                let again = matches!(asked.status, 408 | 429 | 500..=599);
                output.said = Err(refusal(&asked));
                output.span_id = asked.span;
                if !again || tries >= TRIES {
                    return output;
                }
                wait = asked.retry_after_s.map_or(wait, Duration::from_secs);
            }
            Err(error) => {
                output.said = Err(error.to_string());
                if tries >= TRIES {
                    return output;
                }
            }
        }
        time::sleep(wait.min(WAIT_MAX)).await;
        wait = wait.saturating_mul(2);
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Whole {
    usage: Usage,
}

fn fill(output: &mut RunOutput, asked: Asked) {
    let answer = text::answer(&asked.body);
    let usage = serde_json::from_slice::<Whole>(&asked.body).unwrap_or_default().usage;
    // Serialising a plain data type cannot fail; were it to, the answer would be an error and not a lie.
    output.said = serde_json::to_string(&answer).map_err(|error| error.to_string());
    output.span_id = asked.span;
    output.deployment = asked.deployment.or(output.deployment.take());
    output.cost = asked.cost;
    (output.input_tokens, output.output_tokens) = (usage.prompt_tokens, usage.completion_tokens);
}

/// The gateway's own words, bounded.
fn refusal(asked: &Asked) -> String {
    let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let message = body.pointer("/error/message").or_else(|| body.get("message")).and_then(serde_json::Value::as_str);
    let text: String = message.unwrap_or("no reason given").chars().take(ERROR_BYTES).collect();
    format!("status {}: {text}", asked.status)
}
