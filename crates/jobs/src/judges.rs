//! Asking a judge: chat completions through weir's own gateway, marked as weir's own, so that they are routed, priced
//! and recorded like all traffic and never scored themselves. In the same queue: scorers that ask somebody else, and
//! code that may take long.

mod aimd;
mod battles;
mod bench;
pub(crate) mod outside;
mod repeat;

use std::{collections::BTreeSet, sync::Arc};

use apalis::prelude::{Attempt, BoxDynError, Data};
use weir_core::{
    NanoUsd, ScorerName, SpanId,
    rule::Rule,
    score::{Score, Source, Unscored},
    span::{Errand, Origin},
};
use weir_evals::{
    Asked, Exchange, Outcome, Scorer,
    judge::{self, JudgeSpec, family::related},
};
use weir_store::RulePause;

use crate::{
    assemble::{Assembled, Scored},
    desk::Desk,
    lost::{alone, lost, wordless},
    queue::{self, AskJudge, MAX_ATTEMPTS},
    scoring::{Plan, Scoring},
    settle::{expired, unsettled},
};

#[cfg(test)]
mod tests;

pub use bench::Bench;
pub(crate) use bench::Unanswered;
pub(crate) use outside::{embedding, webhook};

/// Asks one judge about one span and stores its word. A reply outside the contract is stored as `grader_failed`, which
/// is final; no reply is tried again, and stored as unscored with its reason after the last try.
///
/// # Errors
/// When the gateway or the store cannot be reached; the job is tried again with back-off and then dead.
pub(crate) async fn ask(job: AskJudge, attempt: Attempt, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let scoring = desk.scoring.load_full();
    let found = desk.store.record_list(&[job.span]).await?;
    let is_lost = found.is_empty();
    let found = if is_lost { lost(&desk.store, &[job.span]).await? } else { found };
    let Some(record) = found.into_iter().next().map(Arc::new) else {
        return Ok(());
    };
    desk.turns.serve(job.turn);
    let span = &record.span;
    // What a judge said is never scored, whatever put it here: it would be judged in turn.
    if span.origin == Origin::Eval {
        return Ok(());
    }
    let plan = scoring.plan(job.rule.as_ref(), &span.workload);
    let found = plan.and_then(|plan| Some((plan, plan.judges.iter().find(|(name, _)| *name == job.scorer)?)));
    let Some((plan, (name, scorer))) = found else {
        return Ok(());
    };
    let Some(asked) = scorer.asked() else {
        return Ok(());
    };
    let rule = &plan.rule;
    if let Some(at_s) = unsettled(&desk, rule, span).await? {
        return defer(&desk, rule, job, at_s).await;
    }
    if job.again {
        desk.store.score_forget_unscored(job.span, name, scorer.version()).await?;
    }
    if desk.store.score_exists(job.span, name, scorer.version()).await? {
        return Ok(());
    }
    let assembled = Assembled::all(&desk.references, &span.workload, std::iter::once(&*record)).await?;
    let Some(mut assembled) = assembled.into_iter().next() else {
        return Ok(());
    };
    let battle = battles::is_one(span.origin, asked);
    let is_alone = battle && !is_lost && !battles::put_beside(&desk, &mut assembled, span.id).await?;
    if is_alone && attempt.current() < MAX_ATTEMPTS as usize {
        // The pair is stored a moment after the answer.
        return Err("the answer to compare with is not stored yet".into());
    }
    let assembled = Arc::new(assembled);
    let served_by = span.served_by().map_or("", |deployment| deployment.as_str());
    let mut cost = NanoUsd::ZERO;
    let late = expired(rule, job.until_s.filter(|_| !job.again), desk.clock.now());
    let gone = is_lost.then(wordless).or_else(|| is_alone.then(alone));
    let mut obstacle = late.or(gone).or_else(|| assembled.obstacle());
    obstacle = obstacle.or_else(|| scorer.precheck(&assembled.exchange()));
    if let Some(budget) = rule.budget_per_day.filter(|_| obstacle.is_none()) {
        let spent = desk.store.rule_spent(desk.clock.now()).await?;
        if spent.get(&rule.name).copied().unwrap_or_default() >= budget {
            let why = format!("rule `{}` has spent its budget of today", rule.name);
            obstacle = Some(Outcome::unscored(Unscored::BudgetExhausted, why));
        }
    }
    let (outcome, failure) = match obstacle {
        Some(outcome) => (outcome, None),
        None => match answer(&desk, &scoring, (name, scorer), asked, &assembled, (span.id, battle), served_by).await {
            Ok((outcome, spent)) => {
                cost = spent;
                (outcome, None)
            }
            // Counted from 1, and counted up before each try.
            Err(failure) if attempt.current() < MAX_ATTEMPTS as usize => {
                return Err(failure.into());
            }
            Err(failure) => (Outcome::unscored(failure.reason(), failure.to_string()), Some(failure)),
        },
    };
    let source = match asked {
        Asked::Judge(_) if battle => Source::Battle,
        Asked::Judge(_) => Source::Judge,
        _ => Source::Check,
    };
    let scored = Scored { span, p_sample: job.p_sample, source, at: desk.clock.now() };
    let score: Option<Score> = scored.score(name, scorer.version(), outcome).map(|score| Score { cost, ..score });
    if cost > NanoUsd::ZERO {
        desk.store.rule_spend(&rule.name, cost, desk.clock.now()).await?;
    }
    pause_when_broken(&desk, plan, failure.as_ref()).await?;
    desk.keep(score.clone().into_iter().map(|score| (Arc::clone(&record), score)).collect()).await?;
    if let (Asked::Judge(spec), Some(score)) = (asked, &score) {
        let cost = repeat::repeat(&desk, (name, scorer, spec), score, &assembled.exchange()).await?;
        if cost > NanoUsd::ZERO {
            desk.store.rule_spend(&rule.name, cost, desk.clock.now()).await?;
        }
    }
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Hands a question back to the queue until its session may be quiet.
async fn defer(desk: &Desk, rule: &Rule, job: AskJudge, at_s: i64) -> Result<(), BoxDynError> {
    let until_s = Some(at_s.saturating_add_unsigned(rule.expires_s));
    let mut tx = desk.store.begin_spans().await?;
    queue::defer_judge(tx.connection(), &AskJudge { until_s, ..job }, at_s).await?;
    Ok(tx.commit().await?)
}

/// Failures in a row after which a rule is stopped until somebody has looked.
const BROKEN_AFTER: u32 = 5;

/// Stops a rule whose scorers can no longer be asked. A workload's own rule goes on: without its scores nothing is known.
async fn pause_when_broken(desk: &Desk, plan: &Plan, failure: Option<&Unanswered>) -> Result<(), BoxDynError> {
    let failures = desk.bench.failures(&plan.rule.name, failure.is_some());
    if let Some(failure) = failure
        && failures >= BROKEN_AFTER
        && !plan.own
    {
        let reason = format!("{}: {failure}; resume it once that is mended", failure.reason().name());
        let pause = RulePause { rule: plan.rule.name.clone(), reason, actor: "weir".to_owned(), at: desk.clock.now() };
        desk.store.rule_pause(&pause).await?;
    }
    Ok(())
}

/// Whoever is to be asked, asked.
async fn answer(
    desk: &Desk,
    scoring: &Scoring,
    (name, scorer): (&ScorerName, &Arc<Scorer>),
    asked: Asked<'_>,
    assembled: &Arc<Assembled>,
    (span, battle): (SpanId, bool),
    served_by: &str,
) -> Result<(Outcome, NanoUsd), Unanswered> {
    let errand = Errand::about(span);
    match asked {
        Asked::Judge(spec) if battle => {
            let spec = battles::in_both_orders(spec);
            vote(desk, &spec, scorer.version(), &assembled.exchange(), served_by, &errand).await
        }
        Asked::Judge(spec) => vote(desk, spec, scorer.version(), &assembled.exchange(), served_by, &errand).await,
        Asked::Embedding(spec) => outside::embedding(desk, spec, &assembled.exchange(), &errand).await,
        Asked::Webhook(spec) => {
            let request = spec.request(name.as_str(), scorer.version(), &span.to_string(), &assembled.exchange());
            let outcome = outside::webhook(desk, spec, scoring.secret(name), request).await?;
            Ok((outcome, NanoUsd::ZERO))
        }
        Asked::Heavy => {
            let (scorer, assembled) = (Arc::clone(scorer), Arc::clone(assembled));
            let run = tokio::task::spawn_blocking(move || scorer.run(&assembled.exchange()));
            let broke = |error| Outcome::unscored(Unscored::ScoringFailed, format!("the scorer broke: {error}"));
            Ok((run.await.unwrap_or_else(broke), NanoUsd::ZERO))
        }
    }
}

/// Asks the whole panel, in as many orders as the judge takes, and joins its votes. What was judged before is not asked
/// again; what the day's budget does not cover is not asked at all. `errand` says whose words the judges are shown.
pub(crate) async fn vote(
    desk: &Desk,
    spec: &JudgeSpec,
    version: &str,
    exchange: &Exchange<'_>,
    served_by: &str,
    errand: &Errand,
) -> Result<(Outcome, NanoUsd), Unanswered> {
    let free = |outcome: Outcome| Ok((outcome, NanoUsd::ZERO));
    if judge::injection_suspected(&exchange.answer.text) {
        let why = "the answer holds text in the shape of a verdict";
        return free(Outcome::unscored(Unscored::InjectionSuspected, why));
    }
    let bench = &desk.bench;
    let key = bench.key(version, spec, exchange);
    if let Some(outcome) = bench.known(&key).filter(|_| !spec.no_cache) {
        return free(outcome);
    }
    let now = desk.clock.now();
    let passages = exchange.reference.map_or(0, |reference| reference.context.len());
    let (mut votes, mut cost, mut who) = (Vec::new(), 0.0, BTreeSet::new());
    let mut kin = 0_usize;
    for model in spec.panel() {
        if spec.other_family && related(model, served_by) {
            kin += 1;
            continue;
        }
        if spec.budget_usd_per_day.is_some_and(|budget| bench.spent(version, now) >= budget) {
            if votes.is_empty() {
                let why = "the judge's budget for today is spent; raise `budget_usd_per_day` or sample less";
                return Ok((Outcome::unscored(Unscored::BudgetExhausted, why), NanoUsd::from_usd(cost)));
            }
            break;
        }
        let mut replies = Vec::new();
        let mut of_kin = false;
        for question in judge::questions(spec) {
            let nonce = SpanId::draw(&*desk.entropy).to_string();
            let request = judge::build(spec, model, exchange, *question, &nonce);
            let reply = bench.ask(&desk.transport, model, errand, request).await?;
            bench.spend(version, now, reply.cost_usd);
            cost += reply.cost_usd;
            of_kin |= spec.other_family && (related(&reply.deployment, served_by) || related(&reply.model, served_by));
            replies.push(judge::read(spec, *question, passages, &nonce, &reply.text));
            who.insert(reply.who());
        }
        match of_kin {
            true => kin += 1,
            false => votes.push(judge::pair(replies)),
        }
    }
    if votes.is_empty() && kin > 0 {
        let why = format!("every judge is of the family of `{served_by}`; name another in `model` or `jury`");
        return Ok((Outcome::unscored(Unscored::ConfigError, why), NanoUsd::from_usd(cost)));
    }
    let mut outcome = judge::conclude(spec, &votes);
    // Which model said it, in which build: what is needed to tell a drifting judge from a drifting answer.
    let who = who.into_iter().collect::<Vec<_>>().join(", ");
    outcome.explanation = Some(format!("{} [{who}]", outcome.explanation.unwrap_or_default()));
    bench.remember(key, &outcome);
    Ok((outcome, NanoUsd::from_usd(cost)))
}
