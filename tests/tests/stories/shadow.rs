//! A candidate answers callers' prompts again, unseen: both answers are graded by the same scorers, callers get and pay
//! for one, and the budget ends it.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use weir::app::Options;
use weir_core::{
    Clock, Timestamp,
    canary::{Battles, Inputs},
    clock::ManualClock,
    span::Origin,
};
use weir_store::{ShadowOf, SpanFilter};

use crate::rig::{ITEMS, MATHS, Rig, eventually, item};

fn config(max_usd_per_day: f64) -> String {
    let shadow = format!("shadow = {{ candidate = \"sim/small\", share = 1.0, max_usd_per_day = {max_usd_per_day} }}");
    MATHS.replace("floor = 0.8", &format!("floor = 0.8\n{shadow}"))
}

async fn ask(rig: &Rig, count: usize) {
    for number in 0..count {
        rig.chat("weir/maths", &item(number % ITEMS).0).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_answers_the_same_prompts_and_is_graded_apart_from_traffic() {
    let rig = Rig::start(&config(10.0)).await;
    rig.sim().set_quality("small", None, 0.0);
    rig.sim().set_quality("small", Some("maths"), 0.0);
    ask(&rig, 20).await;
    let (workload, candidate) = ("maths".into(), "sim/small".into());
    let of = ShadowOf::Candidate(&workload, &candidate, Timestamp(0));
    let pairs = eventually("both grades of each prompt", async || {
        let pairs = rig.app.store.shadow_pairs(of, &"exact".into(), (i64::MAX, i64::MAX)).await.unwrap();
        let whole = pairs.len() == 20 && pairs.iter().all(|pair| pair.candidate.is_some() && pair.control.is_some());
        whole.then_some(pairs)
    })
    .await;
    assert!(pairs.iter().all(|pair| (pair.candidate, pair.control) == (Some(0.0), Some(1.0))), "{pairs:?}");

    let overview = rig.api("/workloads/maths").await;
    assert_eq!(overview["requests"], json!(20), "shadow answers are nobody's traffic: {overview}");
    let windows = eventually("the shadow's own window", async || {
        let windows = rig.api("/workloads/maths/windows").await;
        (windows["parts"][0]["n"] == json!(20)).then_some(windows)
    })
    .await;
    assert_eq!((&windows["parts"][0]["segment"], &windows["items"][0]["n"]), (&json!("shadow"), &json!(20)));
    assert_eq!(windows["items"].as_array().unwrap().len(), 1, "none of traffic for who served nobody: {windows}");
    let shadows = SpanFilter { origin: Some(Origin::Shadow), ..SpanFilter::default() };
    let spans = rig.app.store.span_list(&shadows, None, 100).await.unwrap().items;
    assert_eq!(spans.len(), 20, "a shadow is not shadowed again");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_again_once_the_budget_is_spent() {
    let rig = Rig::start(&config(1e-9)).await;
    ask(&rig, 12).await;
    eventually("the first shadow answers", async || (rig.sim().counters("small").requests > 0).then_some(())).await;
    ask(&rig, 12).await;
    eventually("all jobs done", async || {
        let counts = rig.app.store.job_counts().await.unwrap();
        (counts.ready + counts.running == 0).then_some(())
    })
    .await;
    let asked = rig.sim().counters("small").requests;
    assert!(asked <= 12, "the first few may start together, later ones find the budget spent: {asked}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_gets_its_share_and_nobodys_bill_changes() {
    let rig = Rig::start(&config(10.0).replace("share = 1.0", "share = 0.25")).await;
    let mut billed = 0_i64;
    for number in 0..80 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        assert_eq!(reply.deployment(), "sim/large", "callers are served by the same as ever");
        let trace = rig.trace(reply.span()).await;
        billed += trace["attempts"].as_array().unwrap().iter().map(|call| call["cost"].as_i64().unwrap()).sum::<i64>();
    }
    eventually("all jobs done", async || {
        let counts = rig.app.store.job_counts().await.unwrap();
        (counts.ready + counts.running == 0).then_some(())
    })
    .await;
    let shadows = SpanFilter { origin: Some(Origin::Shadow), ..SpanFilter::default() };
    let spans = rig.app.store.span_list(&shadows, None, 100).await.unwrap().items;
    assert!((3..=44).contains(&spans.len()), "a quarter of 80: {}", spans.len());
    assert!(spans.iter().all(|span| span.cost.is_some_and(|cost| cost.0 > 0)), "what they cost is on record");
    let traffic = rig.app.store.usage_total(Timestamp(0)).await.unwrap();
    assert_eq!((traffic.requests, traffic.cost.0), (80, billed), "and on nobody's bill");
    rig.stop().await;
}

/// A canary that wants `pairs` same-prompt pairs first, after as many prompts were answered by both and graded.
async fn behind_the_scenes(pairs: usize, quality: f64) -> (Rig, String) {
    behind_the_scenes_of(MATHS, pairs, quality).await
}

/// The same under another configuration; with a judge of two answers in it, after that has seen each pair.
async fn behind_the_scenes_of(config: &str, pairs: usize, quality: f64) -> (Rig, String) {
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
    let options = Options { clock: Some(clock.clone()), ..Options::default() };
    let rig =
        Rig::with(&config.replace("floor = 0.8", "floor = 0.8\nshadow = SHADOW").replace("SHADOW", SHADOW), options)
            .await;
    rig.sim().set_quality("small", None, quality);
    rig.sim().set_quality("small", Some("maths"), quality);
    let order = json!({"workload": "maths", "candidate": "sim/small", "shadow_pairs": pairs});
    let canary = rig.order("/canaries", order).await.expect(201).json();
    assert_eq!(canary["state"], json!("shadow"));
    let id = canary["id"].as_str().unwrap().to_owned();
    let canary_id = id.as_str().into();
    eventually("the first mirrored prompt", async || {
        ask(&rig, 1).await;
        (!rig
            .app
            .store
            .shadow_pairs(ShadowOf::Canary(&canary_id), &"exact".into(), (i64::MAX, i64::MAX))
            .await
            .unwrap()
            .is_empty())
        .then_some(())
    })
    .await;
    ask(&rig, pairs).await;
    eventually("both grades of each prompt", async || {
        let found = rig
            .app
            .store
            .shadow_pairs(ShadowOf::Canary(&canary_id), &"exact".into(), (i64::MAX, i64::MAX))
            .await
            .unwrap();
        (found.len() >= pairs && found.iter().all(|pair| pair.candidate.is_some() && pair.control.is_some()))
            .then_some(())
    })
    .await;
    if config.contains("duel") {
        let stored = rig.app.store.canary_get(&canary_id).await.unwrap().unwrap();
        eventually("a battle of each prompt", async || {
            let look = Inputs { now: clock.now(), score_seq: i64::MAX, ..Inputs::default() };
            let shadowed = rig.app.store.shadowed(&stored, &look).await.unwrap();
            let Battles { won, tied, lost } = shadowed.battles.unwrap_or_default();
            (won + tied + lost >= pairs as u64).then_some(())
        })
        .await;
    }
    let served = rig.api("/canaries").await;
    assert_eq!(served["items"][0]["state"], json!("shadow"), "what was just answered may have company: {served}");
    clock.advance(Duration::from_secs(10));
    (rig, id)
}

const SHADOW: &str = r#"{ candidate = "sim/medium", share = 1.0, max_usd_per_day = 10.0 }"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_holds_up_in_its_shadow_is_exposed() {
    let (rig, id) = behind_the_scenes(80, 1.0).await;
    let view = eventually("exposure", async || {
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] == "running").then_some(view)
    })
    .await;
    assert_eq!(view["events"].as_array().unwrap().len(), 2, "{view}");
    let replay = rig.api(&format!("/canaries/{id}/replay")).await;
    assert_eq!(replay["same"], json!(true), "{replay}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_candidate_never_leaves_its_shadow() {
    let (rig, id) = behind_the_scenes(30, 0.0).await;
    let view = eventually("the end", async || {
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] == "rolled_back").then_some(view)
    })
    .await;
    let traffic = SpanFilter { origin: Some(Origin::Client), ..SpanFilter::default() };
    let spans = rig.app.store.span_list(&traffic, None, 200).await.unwrap().items;
    let served = spans.iter().filter(|span| span.deployment.as_ref().is_some_and(|id| id.as_str() == "sim/small"));
    assert_eq!(served.count(), 0, "nobody was exposed: {view}");
    let replay = rig.api(&format!("/canaries/{id}/replay")).await;
    assert_eq!(replay["same"], json!(true), "{replay}");
    rig.stop().await;
}

/// The workload's scorers, and a judge of two answers among them.
fn with_a_duel() -> String {
    MATHS.replace(r#"scorers = ["exact"]"#, r#"scorers = ["exact", "duel"]"#)
        + r#"
[workloads.judges]
candidates = ["sim/medium"]
floor = 0.7
[scorers.duel]
kind = "judge"
model = "weir/judges"
template = "pairwise"
"#
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_of_a_shadow_are_set_beside_those_that_callers_got() {
    let (rig, id) = behind_the_scenes_of(&with_a_duel(), 30, 0.0).await;
    let view = eventually("the end", async || {
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] == "rolled_back").then_some(view)
    })
    .await;
    let battles = &view["evidence"]["battles"];
    assert_eq!(
        (&battles["won"], &battles["tied"]),
        (&json!(0), &json!(0)),
        "a wrong answer beats no right one: {view}"
    );
    assert!(battles["lost"].as_u64().unwrap() >= 30, "{view}");
    let replay = rig.api(&format!("/canaries/{id}/replay")).await;
    assert_eq!(replay["same"], json!(true), "{replay}");

    let shadows = SpanFilter { origin: Some(Origin::Shadow), ..SpanFilter::default() };
    // The newest may have been on its way to its battle when the canary ended.
    let mut fought = None;
    for shadow in rig.app.store.span_list(&shadows, None, 100).await.unwrap().items {
        let trace = rig.trace(&shadow.span_id.to_string()).await;
        let words = trace["scores"].as_array().unwrap().iter().find(|score| score["scorer"] == "duel").cloned();
        fought = fought.or(words.map(|words| (words, trace)));
    }
    let (words, trace) = fought.expect("a shadow whose battle is kept");
    assert_eq!((&words["source"], &words["value"]), (&json!("battle"), &json!(0.0)), "{trace}");
    let judged = SpanFilter { origin: Some(Origin::Eval), ..SpanFilter::default() };
    let asked = rig.app.store.span_list(&judged, None, 500).await.unwrap().items.len() as u64;
    assert!(asked >= 2 * battles["lost"].as_u64().unwrap(), "each battle takes both orders: {asked}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_as_good_ties_its_battles_and_its_exposure_says_so() {
    let (rig, id) = behind_the_scenes_of(&with_a_duel(), 80, 1.0).await;
    let view = eventually("exposure", async || {
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] == "running").then_some(view)
    })
    .await;
    let event = &view["events"].as_array().unwrap()[1];
    // As many as had been fought when the checks of both scorers let it out: a battle takes two answers of a judge more.
    let battles = &event["evidence"]["battles"];
    let tied = battles["tied"].as_u64().unwrap();
    assert!(tied >= 20 && battles["won"] == 0 && battles["lost"] == 0, "{event}");
    let told = format!("side by side in both orders 0 won, {tied} tied, 0 lost");
    assert!(event["reason"].as_str().unwrap().contains(&told), "{event}");
    rig.stop().await;
}
