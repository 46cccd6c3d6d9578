//! Rules of online scoring: filters, shares, delays, pauses, budgets and catching up.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    canned::{Canned, completion},
    rig::{Rig, eventually, item},
};

const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["exact"]
[scorers.exact]
kind = "exact_match"
[scorers.brief]
kind = "word_count"
max = 3
[scorers.never]
kind = "one_line"
[rules.gold]
workload = "maths"
scorers = ["brief"]
filter = "tags.tier == 'gold' && span.output_tokens > 0"
[rules.off]
workload = "maths"
scorers = ["never"]
enabled = false
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;

async fn rule(rig: &Rig, name: &str) -> Value {
    let rules = rig.api("/rules").await;
    rules["items"].as_array().unwrap().iter().find(|rule| rule["name"] == name).unwrap().clone()
}

/// The scorers that have graded a span, once `exact` has.
async fn graded(rig: &Rig, span: &str) -> Vec<String> {
    eventually("the workload's own score", async || {
        let trace = rig.trace(span).await;
        let mut names: Vec<String> =
            trace["scores"].as_array().unwrap().iter().map(|score| score["scorer"].as_str().unwrap().into()).collect();
        names.sort();
        names.contains(&"exact".to_owned()).then_some(names)
    })
    .await
}

async fn gold(rig: &Rig, number: usize) -> String {
    let body = crate::rig::ask("weir/maths", &item(number).0);
    rig.chat_with(&[("x-weir-tags", "{\"tier\":\"gold\"}")], body).await.expect(200).span().to_owned()
}

async fn brief(rig: &Rig, span: &str) {
    eventually("the rule's score", async || graded(rig, span).await.contains(&"brief".to_owned()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_scores_what_passes_its_filter_and_can_be_paused_resumed_and_caught_up() {
    let rig = Rig::start(CONFIG).await;
    let plain = rig.chat("weir/maths", &item(1).0).await.expect(200).span().to_owned();
    let tagged = gold(&rig, 2).await;
    brief(&rig, &tagged).await;
    assert_eq!(graded(&rig, &plain).await, ["exact"]);
    let trace = rig.trace(&tagged).await;
    assert!(trace["scores"].as_array().unwrap().iter().all(|score| score["p_sample"] == 1.0), "{trace}");
    assert_eq!(rule(&rig, "off").await["status"], "inactive");

    let paused = rig.order("/rules/gold/pause", json!({"reason": "drift"})).await.expect(200).json();
    assert_eq!((&paused["status"], &paused["reason"]), (&json!("paused"), &json!("drift")));
    eventually("nothing sampled", async || (rule(&rig, "gold").await["share"] == 0.0).then_some(())).await;
    let missed = gold(&rig, 3).await;
    assert_eq!(graded(&rig, &missed).await, ["exact"]);

    rig.send(Method::POST, "/api/v1/rules/gold/resume", &[], "").await.unwrap().expect(200);
    eventually("sampled again", async || (rule(&rig, "gold").await["share"] == 1.0).then_some(())).await;
    let order = rig.order("/rules/gold/backfill", json!({"hours": 1.0})).await.expect(201).json();
    assert_eq!(order["done"], false);
    brief(&rig, &missed).await;
    let done = eventually("the order is done", async || {
        let orders = rig.api("/rules").await["backfills"].clone();
        (orders[0]["done"] == true).then(|| orders[0].clone())
    })
    .await;
    // Both tagged answers pass the filter; the one that was scored before has one score still.
    assert_eq!(done["pushed"], 2, "{done}");
    assert_eq!(graded(&rig, &tagged).await, ["brief", "exact"]);
    assert_eq!(graded(&rig, &plain).await, ["exact"]);

    rig.order("/rules/none/pause", json!({})).await.expect(404);
    rig.order("/rules/gold/backfill", json!({"hours": -1.0})).await.expect(400);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_whose_budget_is_spent_stops_until_tomorrow() {
    let judge = Canned::start(|heard| {
        let verdict = json!({"nonce": heard.nonce(), "reasoning": "Right.", "choice": "C"}).to_string();
        Some((200, "", completion(&verdict)))
    })
    .await;
    let config = format!(
        "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\n[scorers.exact]\nkind = \"exact_match\"\n\
         [deployments.canned]\nprovider = \"canned\"\nbase_url = \"{}/v1\"\nmodel = \"canned-1\"\nallow_private = true\n\
         price = {{ input_usd = 100.0, output_usd = 100.0 }}\n\
         [scorers.factual]\nkind = \"judge\"\nmodel = \"canned\"\ntemplate = \"factuality\"\nno_cache = true\n\
         [rules.judged]\nworkload = \"maths\"\nscorers = [\"factual\"]\nbudget_usd_per_day = 0.001\n\
         [datasets.maths]\nfile = \"maths.jsonl\"\nworkload = \"maths\"\n",
        judge.url
    );
    let rig = Rig::start(&config).await;
    rig.chat("weir/maths", &item(1).0).await.expect(200);
    let spent = eventually("the budget is spent", async || {
        let rule = rule(&rig, "judged").await;
        (rule["status"] == "paused" && rule["share"] == 0.0).then_some(rule)
    })
    .await;
    assert!(spent["reason"].as_str().unwrap().starts_with("budget_exhausted"), "{spent}");
    assert!(spent["spent_usd_today"].as_f64().unwrap() > 0.001, "{spent}");
    rig.stop().await;
}
