//! What a question waits for before it is asked, and when it is not asked any more.

use std::time::Duration;

use weir_core::{Clock as _, clock::ManualClock, score::Verdict, span::Record};
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

#[tokio::test]
async fn what_a_judge_said_is_judged_by_nobody_whatever_put_it_into_the_queue() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let desk = desk_of(store.clone(), &settings_text(CONFIG), clock);
    let mut verdict = said(1, "over", 100);
    verdict.span.origin = Origin::Eval;
    written(&store, std::slice::from_ref(&verdict)).await;
    // Nobody listens where it would be asked, so asking would fail.
    let last = Attempt::new_with_value(MAX_ATTEMPTS as usize);
    ask(question(&verdict, None), last, desk).await.unwrap();
    assert_eq!(store.score_list(verdict.span.id).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_question_whose_words_were_purged_is_asked_of_nobody_and_counts_as_unscored_with_that_reason() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let desk = desk_of(store.clone(), &settings_text(CONFIG), clock);
    let mut verdict = said(2, "over", 100);
    verdict.span.origin = Origin::Eval;
    verdict.span.errand = Errand::about(said(1, "over", 100).span.id);
    let records = [said(1, "over", 100), verdict];
    written(&store, &records).await;
    crate::testing::purge(&store, records[0].span.id).await;
    for record in &records {
        // Nobody listens where it would be asked, so asking would fail.
        ask(question(record, None), Attempt::new_with_value(1), desk.clone()).await.unwrap();
    }
    let score = store.score_list(records[0].span.id).await.unwrap().remove(0).score;
    assert_eq!(score.verdict, Verdict::Unscored { reason: Unscored::NotRecorded });
    assert_eq!(store.score_list(records[1].span.id).await.unwrap(), [], "what a judge said is still judged by nobody");
}

#[tokio::test]
async fn a_battle_whose_other_answer_is_gone_says_so_after_the_last_try() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let config = CONFIG.replace("template = \"closed_qa\"", "template = \"pairwise\"");
    let desk = desk_of(store.clone(), &settings_text(&config), clock);
    let mut shadow = said(1, "over", 100);
    shadow.span.origin = Origin::Shadow;
    written(&store, std::slice::from_ref(&shadow)).await;
    let asked = async |attempt| ask(question(&shadow, None), Attempt::new_with_value(attempt), desk.clone()).await;
    asked(1).await.unwrap_err();
    assert_eq!(store.score_list(shadow.span.id).await.unwrap(), []);
    asked(MAX_ATTEMPTS as usize).await.unwrap();
    let score = store.score_list(shadow.span.id).await.unwrap().remove(0).score;
    assert_eq!(score.verdict, Verdict::Unscored { reason: Unscored::NotRecorded });
}

#[tokio::test]
async fn a_rule_whose_judge_cannot_be_asked_any_more_is_paused_with_the_reason_and_a_workloads_own_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let mine =
        "[scorers.mine]\nkind = \"judge\"\nmodel = \"sim/large\"\ntemplate = \"closed_qa\"\ncriteria = \"c\"\n[rules";
    let config = CONFIG.replace("[\"exact\"]", "[\"exact\", \"mine\"]").replace("settle = \"60s\"\n", "");
    let config = config.replace("[rules", mine);
    let desk = desk_of(store.clone(), &settings_text(&config), clock);
    let records: Vec<Record> = (0..2 * BROKEN_AFTER).map(|number| said(number, "over", 100)).collect();
    written(&store, &records).await;
    let last = || Attempt::new_with_value(MAX_ATTEMPTS as usize);
    for (nth, record) in (1..).zip(&records[..BROKEN_AFTER as usize]) {
        assert_eq!(store.rule_pause_list().await.unwrap().len(), 0, "{nth}");
        ask(question(record, None), last(), desk.clone()).await.unwrap_err();
    }
    let paused = store.rule_pause_list().await.unwrap();
    assert_eq!((paused.len(), paused[0].rule.as_str(), paused[0].actor.as_str()), (1, "quiet", "weir"));
    assert!(paused[0].reason.ends_with("resume it once that is mended"), "{paused:?}");
    for record in &records[BROKEN_AFTER as usize..] {
        let own = AskJudge { rule: None, scorer: "mine".into(), ..question(record, None) };
        ask(own, last(), desk.clone()).await.unwrap_err();
    }
    assert_eq!(store.rule_pause_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_budget_of_a_rule_does_not_cover_is_not_asked_and_says_so_with_its_probability() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let config = CONFIG.replace("settle = \"60s\"\n", "budget_usd_per_day = 0.5\n");
    let desk = desk_of(store.clone(), &settings_text(&config), clock.clone());
    let records = [said(1, "over", 100), said(2, "over", 100)];
    written(&store, &records).await;
    let asked = async |record: &Record| {
        let question = AskJudge { p_sample: 0.25, ..question(record, None) };
        ask(question, Attempt::new_with_value(1), desk.clone()).await
    };
    store.rule_spend(&"quiet".into(), NanoUsd::from_usd(0.5), clock.now()).await.unwrap();
    asked(&records[0]).await.unwrap();
    let score = store.score_list(records[0].span.id).await.unwrap().remove(0).score;
    assert_eq!(score.verdict, Verdict::Unscored { reason: Unscored::BudgetExhausted });
    assert_eq!(score.p_sample, 0.25);
    assert!(score.explanation.unwrap().contains("rule `quiet` has spent its budget"));
    // Tomorrow there is a new one: somebody is asked, and nobody listens there.
    clock.advance(Duration::from_hours(24));
    asked(&records[1]).await.unwrap_err();
}
