//! The job queue: apalis on the store's own SQLite file. Jobs are pushed inside the transaction that writes their
//! spans, so neither exists without the other.
//!
//! Known defects of apalis 1.0 that this file works around, each seen in a run: its index on `lock_by` makes fetches
//! slow with a backlog (dropped here); prefetching more than the concurrency starves heartbeats (batch ≤ concurrency);
//! pickup waits for a heartbeat unless woken (`wake.rs`).

use std::{sync::Arc, time::Duration};

use apalis::prelude::{Task, TaskBuilder};
use apalis_sqlite::{Config, SqliteStorage, queries};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use weir_core::{CanaryId, DeploymentId, NanoUsd, RuleName, ScorerName, SpanId, Timestamp, WorkloadId, span::Record};
use weir_store::Store;

use crate::{fair::Turns, scoring::Plan};

/// Tries of one job before it is dead.
pub(crate) const MAX_ATTEMPTS: u32 = 5;
/// Spans in one [`RunChecks`].
const CHECKS_PER_JOB: usize = 256;

/// Queue of [`RunChecks`].
pub(crate) const CHECKS: &str = "run_checks";
/// Queue of [`AskJudge`].
pub(crate) const JUDGES: &str = "ask_judge";
/// Queue of [`MirrorSpan`].
pub(crate) const MIRRORS: &str = "mirror_span";
/// Queue of [`TellPolicy`].
pub(crate) const TELLINGS: &str = "tell_policy";
/// Tries of one [`TellPolicy`]: waits in between add up to three to five minutes, about as long as a receiver's new release takes.
pub(crate) const TELLING_ATTEMPTS: usize = 12;

/// Jobs of at least this priority are live; those of back-fills lie below.
pub(crate) const LIVE: i64 = 1_000_000_000;
/// Turns that can be told apart; later ones count as the last.
const MOST_TURNS: u64 = 999_999_999;

/// Run every check of a rule on these spans.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunChecks {
    /// Which rule; the workload's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<RuleName>,
    /// Span and the probability that it was sampled.
    pub(crate) spans: Vec<(SpanId, f64)>,
    /// After this second nobody wants to know any more; `None` for past answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until_s: Option<i64>,
    /// Put back after it was given up: however late, it is wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
}

/// Ask one judge about one span.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AskJudge {
    pub(crate) span: SpanId,
    pub(crate) scorer: ScorerName,
    /// Probability that the span was sampled.
    pub(crate) p_sample: f64,
    /// Which rule; the workload's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<RuleName>,
    /// The caller's turn that it stands for.
    #[serde(default)]
    pub(crate) turn: u64,
    /// After this second nobody wants to know any more; `None` for past answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until_s: Option<i64>,
    /// Put back after it was given up: what was said of the span then is said anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
}

/// How soon jobs are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Urgency<'a> {
    /// As soon as can be, callers in turn.
    Live { turns: &'a Turns, now: Timestamp },
    /// When nothing live waits.
    Backfill,
}

/// Ask one request again of a candidate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MirrorSpan {
    pub(crate) span: SpanId,
    pub(crate) workload: WorkloadId,
    pub(crate) candidate: DeploymentId,
    /// The canary that wants the pair.
    pub(crate) canary: Option<CanaryId>,
    /// What shadow answers of the workload may cost in 24 hours.
    pub(crate) max_per_day: NanoUsd,
}

/// Tell the policy webhook a piece of news.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TellPolicy {
    /// The news' own id.
    pub(crate) id: String,
    /// What is posted, byte by byte, at every try.
    pub(crate) body: String,
}

/// Why a group of records was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] weir_store::Error),
    #[error("the job queue refused: {0}")]
    Queue(String),
}

/// Prepares apalis' tables. Its `setup()` would also set `synchronous = OFF`; pragmas are the store's.
pub(crate) async fn migrate(store: &Store) -> Result<(), weir_store::Error> {
    let migrations = SqliteStorage::migrations();
    let known = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
    let ran = migrations.run(store.pool()).await;
    ran.map_err(|error| weir_store::Error::from_migrate(error, known))?;
    store.job_index_drop().await
}

/// A record that a rule has chosen, with the probability of that.
#[derive(Debug, Clone)]
pub(crate) struct Chosen<'a> {
    pub(crate) record: &'a Arc<Record>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) p: f64,
}

/// What was pushed.
pub(crate) struct Pushed<'a> {
    /// Those that checks will run on now.
    pub(crate) checked: Vec<&'a Arc<Record>>,
    /// True when a judge is to be asked about any.
    pub(crate) judged: bool,
}

/// Pushes the scoring jobs of records into the same transaction.
pub(crate) async fn push<'a>(
    connection: &mut SqliteConnection,
    chosen: &[Chosen<'a>],
    urgency: Urgency<'_>,
) -> Result<Pushed<'a>, Error> {
    let mut by_rule: Vec<(&Arc<Plan>, Vec<&Chosen<'a>>)> = Vec::new();
    for one in chosen.iter().filter(|one| !one.plan.checks.is_empty()) {
        match by_rule.iter_mut().find(|(plan, _)| Arc::ptr_eq(plan, &one.plan)) {
            Some((_, group)) => group.push(one),
            None => by_rule.push((&one.plan, vec![one])),
        }
    }
    let mut checks = Vec::new();
    for (plan, group) in &by_rule {
        for chunk in group.chunks(CHECKS_PER_JOB) {
            let spans = chunk.iter().map(|one| (one.record.span.id, one.p)).collect();
            let job = RunChecks { rule: named(plan), spans, until_s: until(plan, urgency), again: false };
            checks.push(task(&job, None, due(plan, urgency, 0))?);
        }
    }
    send(connection, CHECKS, checks).await?;
    let mut judges = Vec::new();
    for one in chosen {
        let span = one.record.span.id;
        for (scorer, compiled) in &one.plan.judges {
            let turn = match urgency {
                Urgency::Live { turns, .. } => turns.next(&one.record.span.tenant),
                Urgency::Backfill => 0,
            };
            let key = format!("{span}/{scorer}/{}", compiled.version());
            let rule = named(&one.plan);
            let until_s = until(&one.plan, urgency);
            let job = AskJudge { span, scorer: scorer.clone(), p_sample: one.p, rule, turn, until_s, again: false };
            judges.push(task(&job, Some(key), due(&one.plan, urgency, turn))?);
        }
    }
    let judged = !judges.is_empty();
    send(connection, JUDGES, judges).await?;
    // What waits for its time would only push others out of memory.
    let at_once = by_rule.iter().filter(|(plan, _)| wait_s(plan) == 0);
    let checked = at_once.flat_map(|(_, group)| group.iter().map(|one| one.record)).collect();
    Ok(Pushed { checked, judged })
}

/// The rule of a job; a workload's own goes without saying.
fn named(plan: &Plan) -> Option<RuleName> {
    (!plan.own).then(|| plan.rule.name.clone())
}

/// Priority, and the second before which nobody takes it.
fn due(plan: &Plan, urgency: Urgency<'_>, turn: u64) -> (i64, Option<u64>) {
    match urgency {
        Urgency::Live { now, .. } => {
            let later = (MOST_TURNS - turn.min(MOST_TURNS)) as i64;
            let at = now.0.div_euclid(1_000_000).saturating_add_unsigned(wait_s(plan));
            (LIVE + later, (wait_s(plan) > 0).then(|| u64::try_from(at).unwrap_or(0)))
        }
        Urgency::Backfill => (0, None),
    }
}

/// From an answer to its scoring, in seconds, if nothing stirs in its session.
fn wait_s(plan: &Plan) -> u64 {
    plan.rule.delay_s.max(plan.rule.settle_s)
}

/// The second after which nobody wants to know any more.
fn until(plan: &Plan, urgency: Urgency<'_>) -> Option<i64> {
    match urgency {
        Urgency::Live { now, .. } => {
            Some(now.0.div_euclid(1_000_000).saturating_add_unsigned(wait_s(plan) + plan.rule.expires_s))
        }
        Urgency::Backfill => None,
    }
}

/// Pushes checks that have to wait on, all until the same second.
pub(crate) async fn defer_checks(connection: &mut SqliteConnection, job: &RunChecks, at_s: i64) -> Result<(), Error> {
    let later = (LIVE, Some(u64::try_from(at_s).unwrap_or(0)));
    send(connection, CHECKS, vec![task(job, None, later)?]).await
}

/// Pushes a question that has to wait on.
pub(crate) async fn defer_judge(connection: &mut SqliteConnection, job: &AskJudge, at_s: i64) -> Result<(), Error> {
    // The job that waits on is not the one that ends now, so it has a key of its own.
    let key = format!("{}/{}/{at_s}", job.span, job.scorer);
    let later = (LIVE, Some(u64::try_from(at_s).unwrap_or(0)));
    send(connection, JUDGES, vec![task(job, Some(key), later)?]).await
}

/// Pushes the requests to ask again into the same transaction.
pub(crate) async fn push_mirrors(connection: &mut SqliteConnection, mirrors: &[MirrorSpan]) -> Result<(), Error> {
    let tasks = mirrors.iter().map(|job| task(job, Some(format!("{}/{}", job.span, job.candidate)), (LIVE, None)));
    send(connection, MIRRORS, tasks.collect::<Result<_, _>>()?).await
}

/// Pushes news to tell into the same transaction. They lie below what is live: a receiver that is away must not look like
/// scoring that falls behind.
pub(crate) async fn push_tellings(connection: &mut SqliteConnection, news: &[TellPolicy]) -> Result<(), Error> {
    let tasks = news.iter().map(|job| tried(job, Some(job.id.clone()), (0, None), TELLING_ATTEMPTS));
    send(connection, TELLINGS, tasks.collect::<Result<_, _>>()?).await
}

async fn send(connection: &mut SqliteConnection, queue: &str, tasks: Vec<Task<Vec<u8>>>) -> Result<(), Error> {
    if tasks.is_empty() {
        return Ok(());
    }
    queries::push_tasks(connection, queue, &tasks).await.map_err(|error| Error::Queue(error.to_string()))
}

fn task(job: &impl Serialize, key: Option<String>, due: (i64, Option<u64>)) -> Result<Task<Vec<u8>>, Error> {
    tried(job, key, due, MAX_ATTEMPTS as usize)
}

/// The task of a job, with its key, its priority, the second before which nobody takes it, and its tries.
fn tried(
    job: &impl Serialize,
    key: Option<String>,
    (priority, run_at): (i64, Option<u64>),
    tries: usize,
) -> Result<Task<Vec<u8>>, Error> {
    let bytes = serde_json::to_vec(job).map_err(|error| Error::Queue(error.to_string()))?;
    let priority = usize::try_from(priority).unwrap_or(0);
    let mut builder = TaskBuilder::new(bytes).max_attempts(tries).priority(priority);
    if let Some(key) = key {
        builder = builder.idempotency_key(key);
    }
    if let Some(run_at) = run_at {
        builder = builder.run_at_timestamp(run_at);
    }
    Ok(builder.build())
}

/// The storage behind one queue.
pub(crate) fn storage<Job>(store: &Store, queue: &str, concurrency: usize) -> SqliteStorage<Job> {
    let config = Config::default()
        .queue(queue)
        .batch_size(concurrency)
        .heartbeat_interval(Duration::from_secs(5))
        .missed_heartbeats(3);
    SqliteStorage::new(store.pool()).with_config(config)
}

#[cfg(test)]
mod tests {
    use weir_core::clock::ManualClock;

    use super::*;
    use crate::{
        prepare_queue,
        testing::{START, record, scoring, settings_text, written},
    };

    #[tokio::test]
    async fn a_rule_with_a_delay_scores_after_it_and_earlier_turns_come_first() {
        let config = settings_text(
            "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
             [scorers.exact]\nkind = \"exact_match\"\n[scorers.brief]\nkind = \"word_count\"\nmax = 3\n\
             [scorers.right]\nkind = \"judge\"\nmodel = \"sim/large\"\ntemplate = \"closed_qa\"\ncriteria = \"c\"\n\
             [rules.later]\nworkload = \"maths\"\nscorers = [\"brief\"]\ndelay = \"90s\"\nexpires = \"30s\"\n\
             [rules.asked]\nworkload = \"maths\"\nscorers = [\"right\"]\n",
        );
        let scoring = scoring(&config);
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
        prepare_queue(&store).await.unwrap();
        let asked = Arc::new(record(1));
        written(&store, &[record(1)]).await;
        let plan = |rule: &str| scoring.plan(Some(&rule.into()), &"maths".into()).cloned().unwrap();
        let turns = Turns::default();
        let urgency = Urgency::Live { turns: &turns, now: START };
        let mut tx = store.begin_spans().await.unwrap();
        let later = [Chosen { record: &asked, plan: plan("later"), p: 1.0 }];
        let pushed = push(tx.connection(), &later, urgency).await.unwrap();
        assert!(pushed.checked.is_empty() && !pushed.judged, "it is not kept in memory for so long");
        tx.commit().await.unwrap();
        let now_s = START.0 / 1_000_000;
        let waits = store.job_list(None, 9).await.unwrap();
        assert_eq!((waits.len(), waits[0].run_at.0 / 1_000_000), (1, now_s + 90), "{waits:?}");
        assert_eq!(until(&plan("later"), urgency), Some(now_s + 90 + 30), "it expires after its delay, not within it");

        // The queue serves the highest first: earlier turns, then later ones, then what nobody waits for.
        let priority = |urgency, turn| due(&plan("asked"), urgency, turn).0;
        let order = [priority(urgency, 0), priority(urgency, 1), priority(urgency, u64::MAX)];
        assert!(order.is_sorted_by(|a, b| a > b) && order[2] >= LIVE, "{order:?}");
        assert!(priority(Urgency::Backfill, 0) < LIVE);
        assert_eq!(until(&plan("asked"), Urgency::Backfill), None, "past answers are past already");
    }
}
