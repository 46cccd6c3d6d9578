//! The cheap stage: every programmatic check of a batch of spans, in process, written in one transaction.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use apalis::prelude::{BoxDynError, Data};
use tokio::task;
use weir_core::{
    SpanId, WorkloadId,
    rule::Rule,
    score::Source,
    span::{Origin, Record},
};

use crate::{
    assemble::{Assembled, Scored},
    desk::Desk,
    lost::{lost, wordless},
    queue::{self, RunChecks},
    settle::{expired, unsettled},
};

/// Answers scored before other tasks of this thread have a turn.
const SLICE: usize = 32;

/// Scores the job's spans. Running it twice stores nothing twice: a score is unique by (span, scorer, version).
///
/// # Errors
/// When the store refuses; the job is tried again.
pub(crate) async fn run(job: RunChecks, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let scoring = desk.scoring.load_full();
    let mut scores = Vec::new();
    for (workload, records) in by_workload(&desk, &job).await? {
        let Some(plan) = scoring.plan(job.rule.as_ref(), &workload) else {
            continue;
        };
        let records = settled(&desk, &job, &plan.rule, records).await?;
        let late = expired(&plan.rule, job.until_s.filter(|_| !job.again), desk.clock.now());
        for slice in records.chunks(SLICE) {
            let records = slice.iter().map(|sampled| &*sampled.record);
            let assembled = match plan.read_prompts() {
                true => Assembled::all(&desk.references, &workload, records).await?,
                false => Assembled::answers(&desk.references, &workload, records).await?,
            };
            for (Sampled { record, p, lost }, assembled) in slice.iter().zip(assembled) {
                let scored = Scored { span: &record.span, p_sample: *p, source: Source::Check, at: desk.clock.now() };
                for (name, scorer) in &plan.checks {
                    let obstacle = late.clone().or_else(|| lost.then(wordless)).or_else(|| assembled.obstacle());
                    let outcome = obstacle.unwrap_or_else(|| scorer.run(&assembled.exchange()));
                    scores
                        .extend(scored.score(name, scorer.version(), outcome).map(|score| (Arc::clone(record), score)));
                }
            }
            task::yield_now().await;
        }
    }
    desk.keep(scores).await
}

/// An answer to score.
struct Sampled {
    record: Arc<Record>,
    /// Probability that it was sampled.
    p: f64,
    /// Its words are gone, so the record has none.
    lost: bool,
}

/// Those that can be scored now; the others are handed back to the queue until their sessions may be quiet.
async fn settled(
    desk: &Desk,
    job: &RunChecks,
    rule: &Rule,
    records: Vec<Sampled>,
) -> Result<Vec<Sampled>, BoxDynError> {
    if rule.settle_s == 0 {
        return Ok(records);
    }
    let (mut now, mut later) = (Vec::with_capacity(records.len()), BTreeMap::<i64, Vec<(SpanId, f64)>>::new());
    for sampled in records {
        match unsettled(desk, rule, &sampled.record.span).await? {
            Some(at_s) => later.entry(at_s).or_default().push((sampled.record.span.id, sampled.p)),
            None => now.push(sampled),
        }
    }
    if !later.is_empty() {
        let mut tx = desk.store.begin_spans().await?;
        for (at_s, spans) in later {
            let until_s = Some(at_s.saturating_add_unsigned(rule.expires_s));
            let job = RunChecks { spans, until_s, ..job.clone() };
            queue::defer_checks(tx.connection(), &job, at_s).await?;
        }
        tx.commit().await?;
    }
    Ok(now)
}

/// The job's records with their probability of being sampled: from memory, else from the store. What has no words any
/// more comes without, so that this can be said of it.
async fn by_workload(desk: &Desk, job: &RunChecks) -> Result<HashMap<WorkloadId, Vec<Sampled>>, BoxDynError> {
    let mut records = Vec::with_capacity(job.spans.len());
    let mut missing: HashMap<SpanId, f64> = HashMap::new();
    for &(id, p_sample) in &job.spans {
        match desk.recent.take(id) {
            Some(record) => records.push(Sampled { record, p: p_sample, lost: false }),
            None => {
                missing.insert(id, p_sample);
            }
        }
    }
    if !missing.is_empty() {
        let ids: Vec<SpanId> = missing.keys().copied().collect();
        for record in desk.store.record_list(&ids).await? {
            let p_sample = missing.remove(&record.span.id);
            records.extend(p_sample.map(|p| Sampled { record: Arc::new(record), p, lost: false }));
        }
        let ids: Vec<SpanId> = missing.keys().copied().collect();
        for record in lost(&desk.store, &ids).await? {
            let p_sample = missing.get(&record.span.id).copied();
            records.extend(p_sample.map(|p| Sampled { record: Arc::new(record), p, lost: true }));
        }
    }
    let mut groups: HashMap<WorkloadId, Vec<Sampled>> = HashMap::new();
    // What a judge said is never scored, whatever put it here: it would be judged in turn.
    for sampled in records.into_iter().filter(|sampled| sampled.record.span.origin != Origin::Eval) {
        match groups.get_mut(&sampled.record.span.workload) {
            Some(group) => group.push(sampled),
            None => {
                groups.insert(sampled.record.span.workload.clone(), vec![sampled]);
            }
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests;
