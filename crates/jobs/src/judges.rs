//! Asking a judge: chat completions through weir's own gateway, marked as weir's own, so that they are routed, priced
//! and recorded like all traffic and never scored themselves.

mod bench;

use std::{collections::BTreeSet, sync::Arc};

use apalis::prelude::{Attempt, BoxDynError, Data};
use weir_core::{
    NanoUsd, SpanId,
    score::{Score, Source, Unscored},
};
use weir_evals::{
    Outcome,
    judge::{self, JudgeSpec, family::related},
};

use crate::{
    assemble::{Assembled, Scored},
    desk::Desk,
    queue::{AskJudge, MAX_ATTEMPTS},
};

pub use bench::Bench;
use bench::Unanswered;

/// Asks one judge about one span and stores its word. A reply outside the contract is stored as `grader_failed`, which
/// is final; no reply is tried again, and stored as unscored with its reason after the last try.
///
/// # Errors
/// When the gateway or the store cannot be reached; the job is tried again with back-off and then dead.
pub(crate) async fn ask(job: AskJudge, attempt: Attempt, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let scoring = desk.scoring.load_full();
    let found = desk.store.record_list(&[job.span]).await?;
    let Some(record) = found.into_iter().next().map(Arc::new) else {
        return Ok(());
    };
    let span = &record.span;
    let plan = scoring.plan(&span.workload);
    let Some((name, scorer)) = plan.and_then(|plan| plan.judges.iter().find(|(name, _)| *name == job.scorer)) else {
        return Ok(());
    };
    let Some(spec) = scorer.judge() else {
        return Ok(());
    };
    if desk.store.score_exists(job.span, name, scorer.version()).await? {
        return Ok(());
    }
    let assembled = Assembled::all(&desk.references, &span.workload, std::iter::once(&*record)).await?;
    let Some(assembled) = assembled.first() else {
        return Ok(());
    };
    let served_by = span.served_by().map_or("", |deployment| deployment.as_str());
    let mut cost = NanoUsd::ZERO;
    let obstacle = assembled.obstacle().or_else(|| scorer.precheck(&assembled.exchange()));
    let (outcome, failure) = match obstacle {
        Some(outcome) => (outcome, None),
        None => match vote(&desk, spec, scorer.version(), assembled, served_by).await {
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
    let scored = Scored { span, p_sample: job.p_sample, source: Source::Judge, at: desk.clock.now() };
    let score: Option<Score> = scored.score(name, scorer.version(), outcome).map(|score| Score { cost, ..score });
    desk.keep(score.into_iter().map(|score| (Arc::clone(&record), score)).collect()).await?;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Asks the whole panel, in as many orders as the judge takes, and joins its votes. What was judged before is not asked
/// again; what the day's budget does not cover is not asked at all.
async fn vote(
    desk: &Desk,
    spec: &JudgeSpec,
    version: &str,
    assembled: &Assembled,
    served_by: &str,
) -> Result<(Outcome, NanoUsd), Unanswered> {
    let free = |outcome: Outcome| Ok((outcome, NanoUsd::ZERO));
    let exchange = assembled.exchange();
    if judge::injection_suspected(&exchange.answer.text) {
        let why = "the answer holds text in the shape of a verdict";
        return free(Outcome::unscored(Unscored::InjectionSuspected, why));
    }
    let bench = &desk.bench;
    let key = bench.key(version, spec, &exchange);
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
            let request = judge::build(spec, model, &exchange, *question, &nonce);
            let reply = bench.ask(&desk.transport, model, request).await?;
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
