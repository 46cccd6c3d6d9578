//! What the suite's scorers say of one answer: programmatic ones in process, judges through the gateway.

use std::time::Duration;

use tokio::time;
use weir_core::{
    NanoUsd,
    chat::Answer,
    expr::Scope,
    score::{Unscored, Verdict},
};
use weir_evals::{
    Asked, Exchange, Measured, Outcome, Scorer,
    dataset::Item,
    judge::{JudgeSpec, Reply},
};
use weir_store::{RunOutput, RunScore};

use super::script::{Script, read};
use crate::{Desk, judges::vote};

/// Tries of one judge.
const TRIES: u32 = 3;
/// First wait between tries; doubles.
const WAIT: Duration = Duration::from_millis(500);

/// Grades what has not been graded yet. `other` is the baseline's answer to the same item, where there is one.
pub(super) async fn grade(desk: &Desk, script: &Script, item: &Item, output: &mut RunOutput, other: Option<&str>) {
    let Ok(said) = &output.said else { return };
    let answer: Answer = read(said);
    let mut reference = item.reference();
    reference.baseline = other.map(str::to_owned);
    let measured = measured(output);
    let exchange = Exchange { measured: Some(&measured), ..Exchange::new(&item.input, &answer, Some(&reference)) };
    let is_baseline = script.baseline() == Some(output.arm.as_str());
    for (scorer, compiled) in &script.scorers {
        if output.scores.iter().any(|score| score.scorer == scorer.name) {
            continue;
        }
        // The baseline is not compared with itself.
        let paired = compiled.judge().is_some_and(|judge| judge.reply == Reply::Pairwise);
        if paired && is_baseline {
            continue;
        }
        if let Some(condition) = &scorer.run_if {
            let mut scope = Scope::default();
            for score in &output.scores {
                if let Verdict::Scored { grade } = &score.verdict {
                    scope.set(&score.scorer, grade.value());
                }
            }
            if !condition.holds(&scope) {
                continue;
            }
        }
        let served_by = output.deployment.as_deref().unwrap_or_default();
        let (outcome, cost) = match compiled.asked() {
            None | Some(Asked::Heavy) => (compiled.run(&exchange), NanoUsd::ZERO),
            Some(Asked::Judge(judge)) => judged(desk, script, judge, compiled, &exchange, served_by).await,
            Some(Asked::Embedding(_) | Asked::Webhook(_)) => {
                let why = "embeddings and webhooks are asked about live traffic only, not in a suite";
                (Outcome::unscored(Unscored::ConfigError, why), NanoUsd::ZERO)
            }
        };
        output.scores.push(RunScore {
            scorer: scorer.name.clone(),
            version: compiled.version().to_owned(),
            verdict: outcome.verdict,
            raw: outcome.raw,
            explanation: outcome.explanation,
            cost,
        });
    }
}

/// Asks a judge; what it could not say after some tries is unscored with its reason.
async fn judged(
    desk: &Desk,
    script: &Script,
    judge: &JudgeSpec,
    compiled: &Scorer,
    exchange: &Exchange<'_>,
    served_by: &str,
) -> (Outcome, NanoUsd) {
    if let Some(obstacle) = compiled.precheck(exchange) {
        return (obstacle, NanoUsd::ZERO);
    }
    if script.judges_are_spent() {
        let why = "the run's dollars for judges are spent";
        return (Outcome::unscored(Unscored::BudgetExhausted, why), NanoUsd::ZERO);
    }
    let mut wait = WAIT;
    let mut tries = 0;
    loop {
        tries += 1;
        match vote(desk, judge, compiled.version(), exchange, served_by).await {
            Ok((outcome, cost)) => {
                script.judge(cost);
                return (outcome, cost);
            }
            Err(failure) if tries >= TRIES => {
                return (Outcome::unscored(failure.reason(), failure.to_string()), NanoUsd::ZERO);
            }
            Err(_) => {
                time::sleep(wait).await;
                wait = wait.saturating_mul(2);
            }
        }
    }
}

fn measured(output: &RunOutput) -> Measured {
    let tokens = output.input_tokens.zip(output.output_tokens).map(|(input, output)| input + output);
    Measured {
        latency_ms: output.latency_us.map(|us| us as f64 / 1000.0),
        ttft_ms: None,
        cost_usd: output.cost.map(NanoUsd::as_usd),
        tokens,
        retries: None,
        cached: false,
    }
}
