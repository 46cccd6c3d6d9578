#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use weir_core::{
    DeploymentId, Timestamp, WorkloadId,
    canary::{Baseline, Canary, CanaryState, Exposure},
    decision::Arm,
    policy::{Author, Policy},
    score::{Score, Unscored, Verdict},
};
use weir_store::{Error, EventKind, Freeze, Grant, Store};

use crate::fixture::{START, attempt, canary, event, exposed, insert, open, policy, score, span_id};

async fn started(dir: &std::path::Path) -> (Store, Canary) {
    let store = open(dir).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    let canary = canary("c-1");
    store.canary_insert(&canary, &event(&canary)).await.unwrap();
    (store, canary)
}

fn moved(canary: &Canary, state: CanaryState, step: usize) -> Canary {
    Canary {
        state,
        step,
        changed_at: Timestamp(canary.changed_at.0 + 1_000_000),
        reason: state.name().to_owned(),
        ..canary.clone()
    }
}

fn promotion() -> Policy {
    Policy {
        admitted: vec!["sim/small".into(), "sim/large".into()],
        except: Vec::new(),
        author: Author::Canary { id: "c-1".into() },
        ..policy(2, Some(1))
    }
}

#[tokio::test]
async fn a_workload_has_one_active_canary_and_may_start_another_when_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let (store, first) = started(dir.path()).await;
    let second = canary("c-2");
    let refused = store.canary_insert(&second, &event(&second)).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    // A held one is active too.
    let held = moved(&first, CanaryState::Held, 0);
    let held = store.canary_update(&held, 1, &event(&held)).await.unwrap();
    assert!(store.canary_insert(&second, &event(&second)).await.is_err());
    let ended = moved(&held, CanaryState::RolledBack, 0);
    store.canary_update(&ended, 2, &event(&ended)).await.unwrap();
    store.canary_insert(&second, &event(&second)).await.unwrap();
    let active = store.canary_active().await.unwrap();
    assert_eq!(active, [second]);
    let workload: WorkloadId = "maths".into();
    assert_eq!(store.canary_list(Some(&workload)).await.unwrap().len(), 2);
    assert_eq!(store.canary_list(Some(&"other".into())).await.unwrap(), []);
}

#[tokio::test]
async fn of_two_controllers_with_the_same_version_one_wins_and_one_event_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let advance = moved(&canary, CanaryState::Running, 1);
    let hold = moved(&canary, CanaryState::Held, 0);
    let (advance_event, hold_event) = (event(&advance), event(&hold));
    let (a, b) =
        tokio::join!(store.canary_update(&advance, 1, &advance_event), store.canary_update(&hold, 1, &hold_event));
    assert_eq!(a.is_ok() as u8 + b.is_ok() as u8, 1);
    assert!([a.err(), b.err()].into_iter().flatten().all(|error| matches!(error, Error::Conflict { .. })));
    let now = store.canary_get(&canary.id).await.unwrap().unwrap();
    assert_eq!(now.version, 2);
    let events = store.canary_event_list(&canary.id).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!((events[1].state, events[1].step), (now.state, now.step));
}

#[tokio::test]
async fn a_final_canary_and_an_unknown_one_cannot_be_moved() {
    let dir = tempfile::tempdir().unwrap();
    let (store, first) = started(dir.path()).await;
    let ended = moved(&first, CanaryState::Expired, 0);
    let ended = store.canary_update(&ended, 1, &event(&ended)).await.unwrap();
    let again = moved(&ended, CanaryState::Running, 0);
    let result = store.canary_update(&again, ended.version, &event(&again)).await;
    assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    let unknown = canary("c-9");
    let result = store.canary_update(&unknown, 1, &event(&unknown)).await;
    assert!(matches!(result, Err(Error::NotFound { .. })), "{result:?}");
}

#[tokio::test]
async fn a_promotion_changes_canary_and_policy_or_neither() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let workload: WorkloadId = "maths".into();
    let promoted = moved(&canary, CanaryState::Promoted, 2);

    // Somebody revised the policy meanwhile: the promotion's parent is no longer the head.
    let dir_lost = tempfile::tempdir().unwrap();
    let (lost, _) = started(dir_lost.path()).await;
    let mut other = policy(2, Some(1));
    other.revision = "r-0002b".into();
    lost.policy_insert(&other).await.unwrap();
    let result = lost.canary_promote(&promoted, 1, &event(&promoted), &promotion()).await;
    assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    assert_eq!(lost.canary_get(&canary.id).await.unwrap(), Some(canary.clone()));
    assert_eq!(lost.canary_event_list(&canary.id).await.unwrap().len(), 1);
    assert_eq!(lost.policy_head(&workload).await.unwrap(), Some(other));

    store.canary_promote(&promoted, 1, &event(&promoted), &promotion()).await.unwrap();
    let head = store.policy_head(&workload).await.unwrap().unwrap();
    assert_eq!(head, promotion());
    assert_eq!(head.admitted[0], DeploymentId::from("sim/small"));
    let events = store.event_list(10).await.unwrap();
    assert_eq!(events[0].kind, EventKind::Promoted);
    assert_eq!(events[0].revision, Some("r-0002".into()));
    // The revision is told by the promotion, not a second time.
    assert_eq!(events.iter().filter(|e| e.kind == EventKind::Revised).count(), 1);
}

#[tokio::test]
async fn the_feed_names_each_transition_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut now) = started(dir.path()).await;
    let mut changes = store.control_changes();
    changes.mark_unchanged();
    for (state, step) in
        [(CanaryState::Running, 1), (CanaryState::Held, 1), (CanaryState::Running, 1), (CanaryState::RolledBack, 1)]
    {
        let next = moved(&now, state, step);
        now = store.canary_update(&next, now.version, &event(&next)).await.unwrap();
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
    }
    let kinds: Vec<_> =
        store.event_list_of(&"maths".into(), 10).await.unwrap().iter().map(|event| event.kind).collect();
    use EventKind::{Advanced, Held, Resumed, Revised, RolledBack, Started};
    // r-0001 carries a time one second after the canary's start.
    assert_eq!(kinds[0..4], [RolledBack, Resumed, Held, Advanced][..]);
    assert!(kinds.contains(&Revised) && kinds.contains(&Started));
    assert_eq!(store.event_list(2).await.unwrap().len(), 2);
    assert_eq!(store.event_list_of(&"other".into(), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_line_of_revisions_has_one_child_per_parent() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let workload: WorkloadId = "maths".into();
    assert_eq!(store.policy_head(&workload).await.unwrap(), None);
    store.policy_insert(&policy(1, None)).await.unwrap();
    store.policy_insert(&policy(2, Some(1))).await.unwrap();
    for wrong in [policy(3, Some(1)), policy(9, None), policy(2, Some(2)), policy(5, Some(4))] {
        let result = store.policy_insert(&wrong).await;
        assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    }
    let other = Policy { workload: "support".into(), ..policy(1, None) };
    store.policy_insert(&other).await.unwrap();
    assert_eq!(store.policy_list(&workload).await.unwrap(), [policy(2, Some(1)), policy(1, None)]);
    assert_eq!(store.policy_latest().await.unwrap(), Some(other));
}

#[tokio::test]
async fn exposures_come_in_order_of_assignment_with_the_canarys_own_scorer() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let mut fell_back = exposed(3, Arm::Candidate);
    fell_back.span.attempts = vec![attempt("sim/small", Some("server_error")), attempt("sim/large", None)];
    // They arrive in another order than they were assigned, and one is not of this canary.
    let batch = [
        fell_back,
        exposed(2, Arm::Control),
        crate::fixture::record(9),
        exposed(1, Arm::Candidate),
        exposed(4, Arm::Control),
    ];
    insert(&store, &batch).await;
    let (mut newer, mut judge, mut unscored) = (score(1, 0.5), score(2, 0.125), score(4, 0.0));
    newer.version = "v2".into();
    judge.scorer = "judge".into();
    unscored.verdict = Verdict::Unscored { reason: Unscored::Timeout };
    store.score_insert_many(&[score(1, 1.0), newer, judge, score(3, 1.0), unscored]).await.unwrap();

    let rows = store.exposure_list(&canary.id, START).await.unwrap().rows;
    let ids: Vec<_> = rows.iter().map(|row| row.span_id).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(span_id));
    let arms: Vec<_> = rows.iter().map(|row| row.arm).collect();
    assert_eq!(arms, [Arm::Candidate, Arm::Control, Arm::Candidate, Arm::Control]);
    assert_eq!(rows[0].unit, u64::MAX - 1);
    assert_eq!(rows[0].ended_at.0 - rows[0].assigned_at.0, 250_000);
    let grades: Vec<_> = rows.iter().map(|row| row.grade).collect();
    // The first word; another scorer's does not count; a fallback's answer is not the arm's.
    assert_eq!(grades, [Some(1.0), None, None, None]);
    assert_eq!((rows[0].version.as_deref(), &*rows[0].segment), (Some("v1"), "all"));
    let failed: Vec<_> = rows.iter().map(|row| row.failed).collect();
    assert_eq!(failed, [false, false, true, false]);
    let unscored: Vec<_> = rows.iter().map(|row| row.unscored).collect();
    assert_eq!(unscored, [false, false, false, true]);

    let later = store.exposure_list(&canary.id, rows[2].assigned_at).await.unwrap().rows;
    assert_eq!(later, rows[2..]);
}

#[tokio::test]
async fn exposures_bring_the_first_words_of_the_plans_guards_as_far_as_a_look_saw() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    let mut canary = canary("c-1");
    canary.plan.guards = vec!["json".into(), "brief".into()];
    store.canary_insert(&canary, &event(&canary)).await.unwrap();
    let mut fell_back = exposed(3, Arm::Candidate);
    fell_back.span.attempts = vec![attempt("sim/small", Some("server_error")), attempt("sim/large", None)];
    insert(&store, &[exposed(1, Arm::Candidate), exposed(2, Arm::Control), fell_back]).await;
    let by = |name: &str, n: u64, grade: f64| Score { scorer: name.into(), ..score(n, grade) };
    let newer = Score { version: "v2".into(), ..by("json", 1, 0.0) };
    let mute = Score { verdict: Verdict::Unscored { reason: Unscored::Timeout }, ..by("brief", 1, 0.0) };
    let first = [by("json", 1, 1.0), newer, mute, by("tone", 2, 0.5), by("json", 3, 1.0)];
    store.score_insert_many(&first).await.unwrap();
    let seen = store.exposure_list(&canary.id, START).await.unwrap();
    let words = |rows: &[Exposure], place: usize| -> Vec<(String, Option<f64>)> {
        rows[place].guarded.iter().map(|word| (word.scorer.to_string(), word.grade)).collect()
    };
    assert_eq!(words(&seen.rows, 0), [("json".to_owned(), Some(1.0)), ("brief".to_owned(), None)]);
    assert_eq!(&*seen.rows[0].guarded[0].version, "v1", "of the first word");
    assert_eq!((words(&seen.rows, 1), words(&seen.rows, 2)), (vec![], vec![]), "no guard of theirs; another's answer");

    store.score_insert_many(&[by("json", 2, 0.25)]).await.unwrap();
    let again = store.exposure_list_as_of(&canary.id, START, seen.span_seq, seen.score_seq).await.unwrap();
    assert_eq!(again, seen.rows);
    let later = store.exposure_list(&canary.id, START).await.unwrap().rows;
    assert_eq!(words(&later, 1), [("json".to_owned(), Some(0.25))]);
}

#[tokio::test]
async fn what_a_look_saw_can_be_read_again_after_more_has_come() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    insert(&store, &[exposed(1, Arm::Candidate), exposed(2, Arm::Control)]).await;
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    let seen = store.exposure_list(&canary.id, START).await.unwrap();
    insert(&store, &[exposed(3, Arm::Candidate)]).await;
    store.score_insert_many(&[score(2, 0.5), score(3, 0.0)]).await.unwrap();
    assert_eq!(store.exposure_list(&canary.id, START).await.unwrap().rows.len(), 3);
    let again = store.exposure_list_as_of(&canary.id, START, seen.span_seq, seen.score_seq).await.unwrap();
    assert_eq!(again, seen.rows);
}

#[tokio::test]
async fn the_loser_of_two_orders_is_told_who_was_first_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let promoted = moved(&canary, CanaryState::Promoted, 2);
    let first = weir_core::canary::CanaryEvent { actor: "ada".into(), ..event(&promoted) };
    store.canary_promote(&promoted, 1, &first, &promotion()).await.unwrap();
    let refused = store.canary_promote(&promoted, 1, &event(&promoted), &promotion()).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("is promoted at version 2, expected 1; ada was first at 2026-11-21 00:00:01 UTC"), "{text}");
}

#[tokio::test]
async fn leave_is_given_to_a_version_and_a_freeze_to_a_workload_or_all() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let grant = |version| Grant { canary: canary.id.clone(), version, share: 0.25, expires_at: Timestamp(9) };
    assert!(matches!(store.grant_put(&grant(2)).await, Err(Error::Conflict { .. })));
    store.grant_put(&grant(1)).await.unwrap();
    assert_eq!(store.grant_list().await.unwrap(), [grant(1)]);

    let maths: WorkloadId = "maths".into();
    let freeze = |workload| Freeze { workload, actor: "ada".into(), reason: "release".into(), at: START };
    assert!(!store.is_frozen(&maths).await.unwrap());
    store.freeze_put(&freeze(None)).await.unwrap();
    store.freeze_put(&freeze(Some("other".into()))).await.unwrap();
    assert!(store.is_frozen(&maths).await.unwrap());
    assert_eq!(store.freeze_list().await.unwrap(), [freeze(None), freeze(Some("other".into()))]);
    assert!(store.freeze_delete(None).await.unwrap() && !store.freeze_delete(None).await.unwrap());
    assert!(!store.is_frozen(&maths).await.unwrap());
}

#[tokio::test]
async fn a_baseline_takes_a_hundred_answers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let rows = |range: std::ops::RangeInclusive<u64>| -> Vec<_> {
        let mut rows: Vec<_> = range.map(crate::fixture::record).collect();
        for (latency_us, row) in (1_000..).zip(&mut rows) {
            row.span.latency_us = latency_us;
        }
        rows
    };
    let maths: WorkloadId = "maths".into();
    insert(&store, &rows(1..=99)).await;
    assert_eq!(store.baseline(&maths, "sim/large").await.unwrap(), Baseline::default());
    insert(&store, &rows(100..=100)).await;
    let baseline = store.baseline(&maths, "sim/large").await.unwrap();
    assert_eq!((baseline.latency_us, baseline.cost_cap_nano), (Some(1_093), Some(1_500)));
}

#[tokio::test]
async fn the_chain_of_events_shows_where_it_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, canary) = started(dir.path()).await;
    let held = moved(&canary, CanaryState::Held, 0);
    store.canary_update(&held, 1, &event(&held)).await.unwrap();
    let chain = store.chain_check().await.unwrap();
    assert_eq!((chain.events, chain.broken_at, chain.head.len()), (2, None, 64));
    // Somebody with the file at hand changes a reason.
    let pool = store.pool();
    sqlx::query("UPDATE canary_event SET body = replace(body, 'held', 'hold') WHERE seq = 2")
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(store.chain_check().await.unwrap().broken_at, Some(2));
}
