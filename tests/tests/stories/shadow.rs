//! A candidate answers callers' prompts again, unseen: both answers are graded by the same scorers, callers get and pay
//! for one, and the budget ends it.

use std::time::Duration;

use serde_json::json;
use weir_core::{Timestamp, span::Origin};
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
        let pairs = rig.app.store.shadow_pairs(of, &"exact".into(), i64::MAX).await.unwrap();
        let whole = pairs.len() == 20 && pairs.iter().all(|pair| pair.candidate.is_some() && pair.control.is_some());
        whole.then_some(pairs)
    })
    .await;
    let settled = weir_jobs::settled(&pairs, Timestamp(i64::MAX), Duration::ZERO);
    assert_eq!(settled, [(0.0, 1.0); 20]);

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
