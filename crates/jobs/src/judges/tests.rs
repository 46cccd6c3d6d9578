//! What a question waits for before it is asked, and when it is not asked any more.

use std::time::Duration;

use weir_core::{clock::ManualClock, score::Verdict, span::Record};
use weir_store::Store;

use super::*;
use crate::testing::{START, desk_of, record, settings_text, written};

const CONFIG: &str = "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
     [scorers.exact]\nkind = \"exact_match\"\n\
     [scorers.right]\nkind = \"judge\"\nmodel = \"sim/large\"\ntemplate = \"closed_qa\"\ncriteria = \"It is right.\"\n\
     [rules.quiet]\nworkload = \"maths\"\nscorers = [\"right\"]\nsettle = \"60s\"\n";

fn said(number: u32, session: &str, ago_s: u64) -> Record {
    let mut record = record(number);
    record.span.session = Some(session.into());
    record.span.started_at = START.minus(Duration::from_secs(ago_s));
    record
}

fn question(record: &Record, until_s: Option<i64>) -> AskJudge {
    AskJudge {
        span: record.span.id,
        scorer: "right".into(),
        p_sample: 1.0,
        rule: Some("quiet".into()),
        turn: 0,
        until_s,
        again: false,
    }
}

#[tokio::test]
async fn a_judge_is_asked_once_the_session_has_been_quiet_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let desk = desk_of(store.clone(), &settings_text(CONFIG), clock.clone());
    let records = [said(1, "talk", 100), said(2, "talk", 10)];
    written(&store, &records).await;
    let asked = async |attempt| ask(question(&records[0], None), Attempt::new_with_value(attempt), desk.clone()).await;
    let scores = async || store.score_list(records[0].span.id).await.unwrap();

    asked(1).await.unwrap();
    assert_eq!(scores().await.len(), 0);
    let waits = store.job_list(None, 9).await.unwrap();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(waits[0].run_at.0 / 1_000_000, START.0 / 1_000_000 - 10 + 61, "after the session's newest: {waits:?}");

    // Quiet now: it is asked, where nobody listens. That is tried again, and at last has its reason.
    clock.advance(Duration::from_secs(51));
    asked(1).await.unwrap_err();
    assert_eq!((scores().await.len(), store.job_list(None, 9).await.unwrap().len()), (0, 1));
    asked(MAX_ATTEMPTS as usize).await.unwrap_err();
    let score = scores().await.remove(0).score;
    assert!(matches!(score.verdict, Verdict::Unscored { reason } if reason != Unscored::Expired), "{score:?}");
}

#[tokio::test]
async fn a_session_that_is_never_quiet_is_judged_at_last_and_what_nobody_waits_for_is_not_asked() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let desk = desk_of(store.clone(), &settings_text(CONFIG), clock);
    // Twenty times the wait has gone by, and the session still talks.
    let records = [said(1, "talk", 20 * 60 + 1), said(2, "talk", 10), said(3, "over", 100)];
    written(&store, &records).await;
    ask(question(&records[0], None), Attempt::new_with_value(1), desk.clone()).await.unwrap_err();
    assert_eq!(store.job_list(None, 9).await.unwrap(), []);

    // The first try already stores it: no judge is asked, so none can fail.
    let late = question(&records[2], Some(START.0 / 1_000_000 - 30));
    ask(late, Attempt::new_with_value(1), desk).await.unwrap();
    let score = store.score_list(records[2].span.id).await.unwrap().remove(0).score;
    assert_eq!(score.verdict, Verdict::Unscored { reason: Unscored::Expired });
}
