//! What the suite's scorers say of one answer: programmatic ones in process, judges and embeddings through the gateway,
//! webhooks directly.

use std::time::Duration;

use tokio::time;
use weir_core::{
    NanoUsd, ScorerName,
    chat::Answer,
    expr::Scope,
    run::{RunOutput, RunScore},
    score::{Unscored, Verdict},
    span::Errand,
};
use weir_evals::{
    Asked, Exchange, Measured, Outcome, Scorer, asked::webhook::WebhookSpec, dataset::Item, judge::Reply,
    suite::SuiteScorer,
};

use super::script::{Script, read};
use crate::{
    Desk,
    judges::{Unanswered, embedding, vote, webhook},
};

/// Tries of one judge.
const TRIES: u32 = 3;
/// First wait between tries; doubles.
const WAIT: Duration = Duration::from_millis(500);

/// Grades what has not been graded yet. `other` is the baseline's answer to the same item, where there is one.
pub(super) async fn grade(
    desk: &Desk,
    script: &Script,
    (item, errand): (&Item, &Errand),
    output: &mut RunOutput,
    other: Option<&str>,
) {
    let Ok(said) = &output.said else { return };
    let answer: Answer = read(said);
    let mut reference = item.reference();
    reference.baseline = other.map(str::to_owned);
    let measured = measured(output);
    let exchange = Exchange { measured: Some(&measured), ..Exchange::new(&item.input, &answer, Some(&reference)) };
    for (scorer, compiled) in &script.scorers {
        if !is_due(script, (scorer, compiled), output) {
            continue;
        }
        let (outcome, cost) = match compiled.asked() {
            None | Some(Asked::Heavy) => (compiled.run(&exchange), NanoUsd::ZERO),
            Some(asked) => elsewhere(desk, script, (&scorer.name, compiled), asked, (&exchange, errand), output).await,
        };
        output.scores.push(word(&scorer.name, compiled, outcome, cost));
    }
}

/// Says the same of an answer in the place of every grade that it lacks: why it cannot be graded. It was asked, so it
/// counts; left out it would make the coverage look better than it is.
pub(super) fn withhold(script: &Script, output: &mut RunOutput, why: &Outcome) {
    if output.said.is_err() {
        return;
    }
    for (scorer, compiled) in &script.scorers {
        if is_due(script, (scorer, compiled), output) {
            output.scores.push(word(&scorer.name, compiled, why.clone(), NanoUsd::ZERO));
        }
    }
}

/// Whether this scorer has to say something of this answer and has not.
fn is_due(script: &Script, (scorer, compiled): (&SuiteScorer, &Scorer), output: &RunOutput) -> bool {
    if output.scores.iter().any(|score| score.scorer == scorer.name) {
        return false;
    }
    // The baseline is not compared with itself.
    let paired = compiled.judge().is_some_and(|judge| judge.reply == Reply::Pairwise);
    if paired && script.baseline() == Some(output.arm.as_str()) {
        return false;
    }
    scorer.run_if.as_ref().is_none_or(|condition| {
        let mut scope = Scope::default();
        for score in &output.scores {
            if let Verdict::Scored { grade } = &score.verdict {
                scope.set(&score.scorer, grade.value());
            }
        }
        condition.holds(&scope)
    })
}

fn word(scorer: &str, compiled: &Scorer, outcome: Outcome, cost: NanoUsd) -> RunScore {
    RunScore {
        scorer: scorer.to_owned(),
        version: compiled.version().to_owned(),
        verdict: outcome.verdict,
        raw: outcome.raw,
        explanation: outcome.explanation,
        cost,
    }
}

/// Asks whoever grades; what they could not say after some tries is unscored with its reason.
async fn elsewhere(
    desk: &Desk,
    script: &Script,
    (name, compiled): (&str, &Scorer),
    asked: Asked<'_>,
    (exchange, errand): (&Exchange<'_>, &Errand),
    output: &RunOutput,
) -> (Outcome, NanoUsd) {
    if let Some(obstacle) = compiled.precheck(exchange) {
        return (obstacle, NanoUsd::ZERO);
    }
    if script.judges_are_spent() && !matches!(asked, Asked::Webhook(_)) {
        let why = "the run's dollars for judges are spent";
        return (Outcome::unscored(Unscored::BudgetExhausted, why), NanoUsd::ZERO);
    }
    let served_by = output.deployment.as_deref().unwrap_or_default();
    let mut wait = WAIT;
    let mut tries = 0;
    loop {
        tries += 1;
        let said = match asked {
            Asked::Judge(judge) => vote(desk, judge, compiled.version(), exchange, served_by, errand).await,
            Asked::Embedding(spec) => embedding(desk, spec, exchange, errand).await,
            Asked::Webhook(spec) => program(desk, spec, (name, compiled), (exchange, errand), output).await,
            Asked::Heavy => Ok((compiled.run(exchange), NanoUsd::ZERO)),
        };
        match said {
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

/// Asks a webhook. A suite comes from whoever may start runs, so what reaches into the server's own network, signs with
/// one of its secrets or is told a held-out item must stand in the configuration just so.
async fn program(
    desk: &Desk,
    spec: &WebhookSpec,
    (name, compiled): (&str, &Scorer),
    (exchange, errand): (&Exchange<'_>, &Errand),
    output: &RunOutput,
) -> Result<(Outcome, NanoUsd), Unanswered> {
    let scoring = desk.scoring.load_full();
    let scorer = ScorerName::from(name);
    let trusted = spec.secret.is_some() || spec.allow_private || errand.sealed;
    if trusted && !scoring.has(&scorer, compiled.version()) {
        let which = if errand.sealed { "that is sent held-out items" } else { "with `secret` or `allow_private`" };
        let why = format!("a webhook {which} must stand in weir.toml too: add [scorers.{name}] with the same keys");
        return Ok((Outcome::unscored(Unscored::ConfigError, why), NanoUsd::ZERO));
    }
    let span = output.span_id.map(|span| span.to_string()).unwrap_or_default();
    let request = spec.request(name, compiled.version(), &span, exchange);
    Ok((webhook(desk, spec, scoring.secret(&scorer), request).await?, NanoUsd::ZERO))
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
