//! Proposals from stored traffic and windows, and what becomes of them.

use weir_core::{
    Grade, NanoUsd, SpanId,
    canary::CanaryState,
    clock::ManualClock,
    decision::Decision,
    entropy::Seeded,
    language::Language,
    route::Features,
    score::{Score, Source, Verdict},
    segment::{SegmentBy, Segments},
};
use weir_optimizer::snapshot::{self, Inputs, WorkloadInput};

use super::*;
use crate::{
    Lead, bootstrap,
    testing::{START, record, settings_of},
};

fn score(span_id: SpanId, deployment: &str, grade: f64) -> Score {
    Score {
        span_id,
        workload: "maths".into(),
        segment: SEGMENT_ALL.into(),
        deployment: deployment.into(),
        scorer: "exact".into(),
        version: "v1".into(),
        verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
        source: Source::Check,
        explanation: None,
        p_sample: 1.0,
        propensity: 1.0,
        cost: NanoUsd::ZERO,
        at: START,
    }
}

/// A store with a day of traffic, windows of both deployments, and a planner over them. The small one costs a tenth.
async fn planner(mode: &str) -> (tempfile::TempDir, Planner) {
    planner_of(&format!("optimize = \"{mode}\"")).await
}

/// The same with these lines in its workload.
async fn planner_of(lines: &str) -> (tempfile::TempDir, Planner) {
    let dir = tempfile::tempdir().unwrap();
    let now = START.plus(Duration::from_hours(1));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
    let store = Store::open(dir.path(), Arc::clone(&clock)).await.unwrap();
    let settings: Settings = settings_of(lines);
    bootstrap::policies(&store, &settings, &*clock).await.unwrap();
    let mut tx = store.begin_spans().await.unwrap();
    for number in 0..400 {
        let mut one = record(number);
        one.span.started_at = START.plus(Duration::from_secs(u64::from(number)));
        if number % 2 == 1 {
            one.span.attempts[0].deployment = "sim/small".into();
            one.span.cost = Some(NanoUsd(10));
        }
        tx.span_insert(&one).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut windows = Windows::new([]);
    for seq in 1..=400_i64 {
        let deployment = if seq % 2 == 1 { "sim/small" } else { "sim/large" };
        windows.fold(seq, &score(SpanId::from_bits(seq as u128), deployment, f64::from(u8::from(seq % 20 > 1))));
    }
    let head = store.policy_head(&"maths".into()).await.unwrap().unwrap();
    let deployments = settings.deployments.iter().map(|(id, one)| (id.clone(), Arc::new(one.deployment.clone())));
    let cell = Arc::new(SnapshotCell::default());
    cell.publish(snapshot::build(&Inputs {
        seq: 1,
        deployments: &deployments.collect(),
        workloads: settings
            .workloads
            .values()
            .map(|workload| WorkloadInput {
                workload: Arc::new(workload.clone()),
                policy: Arc::new(head.clone()),
                canary: None,
            })
            .collect(),
        windows: &windows,
        output_tokens: &Default::default(),
        now,
    }));
    let windows = watch::channel(Arc::new(windows)).1;
    let settings = Arc::new(ArcSwap::from_pointee(settings));
    let lead = Arc::new(Lead::open(dir.path()).unwrap());
    (
        dir,
        Planner {
            store,
            lead,
            settings,
            cell,
            windows,
            clock,
            entropy: Arc::new(Seeded::new(1)),
            refusals: Refusals::default(),
        },
    )
}

#[tokio::test]
async fn a_workload_that_does_not_ask_is_left_alone() {
    let (_dir, planner) = planner("off").await;
    planner.turn().await.unwrap();
    assert_eq!(planner.store.policy_diff_list(None).await.unwrap(), []);
}

#[tokio::test]
async fn a_cheaper_deployment_is_proposed_once_and_gets_no_traffic_by_it() {
    let (_dir, planner) = planner("propose").await;
    planner.turn().await.unwrap();
    planner.turn().await.unwrap();
    let diffs = planner.store.policy_diff_list(None).await.unwrap();
    assert_eq!(diffs.len(), 1, "{diffs:?}");
    let diff: PolicyDiff = serde_json::from_str(&diffs[0].body).unwrap();
    assert_eq!((diff.to.as_str(), diffs[0].state), ("sim/small", DiffState::Proposed));
    assert!(diff.cost.monthly_saving_usd > 0.0 && diff.sentence.contains("route to sim/small"), "{}", diff.sentence);
    assert!(propose(&diff.evidence).unwrap().agrees(&diff));
    assert!(planner.store.canary_active().await.unwrap().is_empty());
}

#[tokio::test]
async fn in_auto_mode_a_canary_starts_within_the_budget_and_only_one() {
    let (_dir, planner) = planner("auto").await;
    planner.turn().await.unwrap();
    planner.turn().await.unwrap();
    let canaries = planner.store.canary_active().await.unwrap();
    assert_eq!(canaries.len(), 1);
    assert_eq!((canaries[0].candidate.as_str(), canaries[0].state), ("sim/small", CanaryState::Running));
    assert!(canaries[0].plan.steps.iter().all(|step| *step <= 0.05), "{:?}", canaries[0].plan.steps);
    assert_eq!(planner.store.policy_diff_list(None).await.unwrap()[0].state, DiffState::Applied);
}

#[tokio::test]
async fn what_trying_may_cost_a_day_counts_the_grades_that_ordinary_traffic_does_not_get() {
    let (_dir, planner) = planner_of("optimize = \"auto\"\nexplore_usd_per_day = 1.0\nsample = 0.2").await;
    let judged = |number| Score {
        scorer: "kindness".into(),
        cost: NanoUsd::from_usd(0.05),
        ..score(record(number).span.id, "sim/large", 1.0)
    };
    planner.store.score_insert_many(&(0..10).map(judged).collect::<Vec<_>>()).await.unwrap();
    planner.turn().await.unwrap();
    let kept = planner.store.policy_diff_list(None).await.unwrap();
    let facts = serde_json::from_str::<PolicyDiff>(&kept[0].body).unwrap().evidence;
    let daily = facts.daily.iter().sum::<u64>() as f64 / facts.daily.len() as f64;
    let usd = facts.share * daily * 2.0 * 0.05 * 0.8;
    assert!((0.99..1.01).contains(&usd), "{usd} a day with a share of {}", facts.share);
    let canaries = planner.store.canary_active().await.unwrap();
    assert_eq!(canaries[0].plan.steps.last(), Some(&facts.share), "{:?}", canaries[0].plan.steps);
}

/// Answers to two tenants in two languages: the candidate is as good as the stable one for one of the tenants in one of the
/// languages, and 40 points worse elsewhere.
fn told_apart() -> Vec<(weir_core::span::Span, f64)> {
    let luck = Seeded::new(7);
    let answer = |number: u32| {
        let mut span = record(number).span;
        let (acme, german, candidate) = (number & 1 == 0, number & 2 == 0, number & 4 == 0);
        let served = if candidate { "sim/small" } else { "sim/large" };
        span.tenant = if acme { "acme" } else { "globex" }.into();
        span.attempts[0].deployment = served.into();
        span.decision = Some(Arc::new(Decision {
            workload: "maths".into(),
            segment: "all".into(),
            strategy: "weighted".into(),
            revision: "r-0001".into(),
            snapshot_seq: 1,
            score_seq: 0,
            candidates: Vec::new(),
            chain: vec![served.into()],
            propensity: 0.5,
            exposure: None,
            features: Features {
                language: Some(if german { Language::German } else { Language::English }),
                ..Features::default()
            },
            seed: 0,
            inputs: weir_core::decision::Inputs { unit: number.into(), ..Default::default() },
            plan: Default::default(),
        }));
        let good = if candidate && !(acme && german) { 0.5 } else { 0.9 };
        (span, f64::from(u8::from(luck.next_unit() < good)))
    };
    (0..8_000).map(answer).collect()
}

#[test]
fn a_scope_of_one_tenant_and_one_language_is_mined_from_traffic_and_can_be_routed() {
    let told = told_apart();
    let answers: Vec<Answer<'_>> =
        told.iter().map(|(span, grade)| Answer { span, grade: *grade, human: None }).collect();
    let arms = (&"sim/small".into(), &"sim/large".into());
    let segments = Segments::of(&[SegmentBy::Language, SegmentBy::Tenant], &["acme".into()]);
    let found = logged::within(&answers, arms, &segments).unwrap();
    assert_eq!(found.words, "german tenant:acme");
    assert_eq!(found.values, [(SegmentBy::Language, Language::German.place()), (SegmentBy::Tenant, 0)]);
    assert_eq!(found.tenant.as_deref(), Some("acme"));
    // Everything else is left out by a name that the router gives.
    assert_eq!(found.except.len(), segments.names().len() - 1);
    assert!(!found.except.iter().any(|name| &**name == "german tenant:acme"), "{:?}", found.except);
    assert!(found.held_out.delta.abs() < 0.1 && found.considered >= 8, "{found:?}");
    // By what the workload does not tell apart nothing is found.
    assert_eq!(logged::within(&answers, arms, &Segments::of(&[], &[])), None);
}
