//! The stages that take parameters, over HTTP, and the policy that one call chooses for itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_sim::Fault;

use crate::rig::{Reply, Rig, ask};

const CONFIG: &str = r#"
[deployments."eu/one"]
provider = "sim"
model = "medium"
price = { input_usd = 1.0, output_usd = 1.0 }
capabilities = { region = "eu" }

[workloads.weighted]
candidates = ["sim/large", "sim/small"]
policy = ["filter", { stage = "weighted", weights = { "sim/large" = 3.0, "sim/small" = 1.0 } }]
[workloads.lock]
candidates = ["sim/large", "sim/medium", "sim/small"]
policy = ["filter", { stage = "lock", deployments = ["sim/medium"] }]
[workloads.require]
candidates = ["sim/large", "eu/one"]
policy = ["filter", { stage = "require", rule = "candidate.region == 'eu'" }]
[workloads.when]
candidates = ["sim/large", "sim/small"]
policy = ["filter", { stage = "lock", deployments = ["sim/small"], when = "tags.team == 'cheap' && request.input_tokens < 100" }]
[workloads.tie_break]
candidates = ["sim/large", "sim/medium", "sim/small"]
policy = ["filter", "tie_break"]
[workloads.explore]
candidates = ["sim/large", "sim/small"]
policy = ["filter", { stage = "explore", share = 0.5 }]
[workloads.chain]
candidates = ["sim/large", "sim/medium", "sim/small"]
policy = ["filter", { stage = "chain", next = { rate_limit = ["sim/small"] } }]
[workloads.goes_on]
candidates = ["sim/large", "sim/small"]
policy = ["filter", { stage = "chain", continue_streams = true }]
[workloads.capped]
candidates = ["sim/small", "sim/large"]
policy = ["filter", { stage = "chain", allow_dearer = false }]
[workloads.hedge]
candidates = ["sim/large", "sim/medium"]
policy = ["filter", { stage = "hedge", after_ms = 40 }]
[workloads.cascade]
candidates = ["sim/large", "sim/medium", "sim/small"]
policy = ["filter", { stage = "cascade", accept = "answer.text.contains('large')" }]
[workloads.floored]
candidates = ["sim/large", "sim/small"]
floor = 0.8
"#;

async fn one(rig: &Rig, workload: &str, headers: &[(&str, &str)]) -> Reply {
    rig.chat_with(headers, ask(&format!("weir/{workload}"), "hello there")).await
}

async fn served(rig: &Rig, workload: &str, count: usize) -> BTreeMap<String, usize> {
    let mut served = BTreeMap::new();
    for _ in 0..count {
        *served.entry(one(rig, workload, &[]).await.expect(200).deployment().to_owned()).or_default() += 1;
    }
    served
}

async fn decision(rig: &Rig, reply: &Reply) -> Value {
    rig.trace(reply.span()).await;
    rig.api(&format!("/decisions/{}", reply.span())).await["decision"].clone()
}

fn verdict(decision: &Value, deployment: &str) -> Value {
    let candidates = decision["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["deployment"] == deployment).unwrap()["verdict"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_that_choose_do_what_their_parameters_say() {
    let rig = Rig::start(CONFIG).await;
    let shares = served(&rig, "weighted", 120).await;
    // Six standard deviations: the draws are fresh ones each time.
    assert!((62..=115).contains(&shares["sim/large"]), "three of four: {shares:?}");
    let drawn = one(&rig, "weighted", &[]).await.expect(200);
    let chosen = if drawn.deployment() == "sim/large" { 0.75 } else { 0.25 };
    assert_eq!(decision(&rig, &drawn).await["propensity"], json!(chosen));

    let locked = one(&rig, "lock", &[]).await.expect(200);
    assert_eq!(locked.deployment(), "sim/medium");
    let why = decision(&rig, &locked).await;
    assert_eq!((verdict(&why, "sim/large"), &why["chain"]), (json!("excluded"), &json!(["sim/medium"])));
    let there = one(&rig, "require", &[]).await.expect(200);
    assert_eq!(there.deployment(), "eu/one");

    assert_eq!(one(&rig, "when", &[]).await.expect(200).deployment(), "sim/large");
    let tagged = [("x-weir-tags", r#"{"team":"cheap"}"#)];
    assert_eq!(one(&rig, "when", &tagged).await.expect(200).deployment(), "sim/small");

    let spread = served(&rig, "tie_break", 60).await;
    // Of two drawn the quicker one is asked, so the slowest of three may get nothing at all.
    assert!(spread.len() >= 2 && spread.values().all(|&count| count <= 50), "{spread:?}");
    let explored = served(&rig, "explore", 60).await;
    assert!((1..=35).contains(&explored["sim/small"]), "half of half: {explored:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_that_walk_the_chain_do_what_their_parameters_say() {
    let rig = Rig::start(CONFIG).await;
    rig.sim().set_latency("large", 400.0, 0.0);
    let hedged = one(&rig, "hedge", &[]).await.expect(200);
    assert_eq!((hedged.deployment(), hedged.header("x-weir-attempts")), ("sim/medium", "2"));
    rig.sim().set_latency("large", 0.0, 0.0);

    let escalated = one(&rig, "cascade", &[]).await.expect(200);
    assert_eq!((escalated.deployment(), escalated.header("x-weir-attempts")), ("sim/large", "3"));
    let trace = rig.trace(escalated.span()).await;
    let errors: Vec<&Value> = trace["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["error"]).collect();
    assert_eq!(errors, [&json!("rejected"), &json!("rejected"), &Value::Null], "{trace}");

    rig.sim().set_fault("large", Fault::Status(429, vec![("retry-after".into(), "30".into())]), 1.0);
    let detour = one(&rig, "chain", &[]).await.expect(200);
    assert_eq!(detour.deployment(), "sim/small", "whom the class of failure names, not the next in order");
    rig.sim().clear_fault("large");

    rig.sim().set_fault("small", Fault::Status(500, Vec::new()), 1.0);
    let refused = one(&rig, "capped", &[]).await;
    assert_eq!(refused.status, 502);
    assert!(refused.body.contains("dearer than the first choice"), "{refused:?}");
    rig.sim().clear_fault("small");

    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_may_choose_its_policy_where_its_key_may() {
    let keys = "[keys.dev]\nsecret = \"env:KEY_DEV\"\npolicies = [\"race\"]\n\
                [keys.ops]\nsecret = \"env:KEY_OPS\"\ngrant = \"admin\"\n";
    let rig = Rig::start(&format!("{CONFIG}{keys}")).await;
    let [dev, ops] = ["dev", "ops"].map(|name| format!("Bearer key_{name}-0123456789abcdef"));
    let with = async |key: &str, workload: &str, policy: &str| {
        one(&rig, workload, &[("authorization", key), ("x-weir-policy", policy)]).await
    };
    let raced = with(&dev, "lock", "race").await.expect(200);
    assert_eq!(raced.header("x-weir-strategy"), "filter, canary, latency, race");
    assert_eq!((raced.header("x-weir-revision"), raced.header("x-weir-attempts")), ("r-0001+race", "2"));

    let refused = with(&dev, "lock", "failover").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (403, &json!("W0202")));
    let first = with(&ops, "lock", "failover").await.expect(200);
    assert_eq!(first.deployment(), "sim/large", "an administrator may choose any");
    let stranger = with(&ops, "lock", "failovr").await;
    assert_eq!((stranger.status.as_u16(), &stranger.json()["error"]["code"]), (400, &json!("W0106")));
    assert!(stranger.body.contains("nearest: `failover`"), "{stranger:?}");
    let floorless = with(&ops, "lock", "cost_aware").await;
    assert_eq!(floorless.status, 400, "cost without a floor is no policy here: {floorless:?}");
    let pinned = rig.chat_with(&[("authorization", &ops), ("x-weir-policy", "race")], ask("sim/small", "hi")).await;
    assert_eq!(pinned.status, 400, "{pinned:?}");

    // The floor holds whatever is chosen.
    let floored = with(&ops, "floored", "round_robin").await.expect(200);
    assert_eq!(floored.deployment(), "sim/large");

    // It is on record, and can be made again.
    let path = format!("/api/v1/decisions/{}/replay", first.span());
    let again = crate::rig::eventually("the record", async || {
        let reply = rig.send(reqwest::Method::GET, &path, &[("authorization", &ops)], "").await.unwrap();
        (reply.status == 200).then(|| reply.json())
    })
    .await;
    assert_eq!(again["same"], json!(true), "{again}");
    rig.stop().await;
}

/// The text of a stream of chat chunks.
fn text(body: &str) -> String {
    let chunks = body.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_goes_on_at_the_next_deployment_where_the_policy_says_so() {
    let rig = Rig::start(CONFIG).await;
    // Tokens come one by one, so that the first has left when the fault comes.
    for model in ["large", "small"] {
        rig.sim().set_latency(model, 0.0, 10.0);
    }
    let mut body = ask("weir/goes_on", "hello there");
    body["stream"] = true.into();
    let whole = text(&rig.chat_with(&[], body.clone()).await.expect(200).body);
    rig.sim().set_fault("large", Fault::CutStreamAfter(3), 1.0);
    let reply = rig.chat_with(&[], body.clone()).await.expect(200);
    assert!(reply.body.ends_with("data: [DONE]\n\n") && !reply.body.contains("error"), "{}", reply.body);
    let said = text(&reply.body);
    let begun = said.find("I am small").unwrap_or_else(|| panic!("nobody went on: {said}"));
    assert!(begun > 0 && begun < whole.len() && whole.starts_with(&said[..begun]), "{said}");
    let trace = rig.trace(reply.span()).await;
    let attempts = trace["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{trace}");
    assert_eq!((&attempts[0]["error"], &attempts[1]["error"]), (&json!("invalid_output"), &Value::Null), "{trace}");
    assert!(attempts.iter().all(|attempt| attempt["cost"].as_i64().unwrap() > 0), "both are billed: {trace}");
    assert_eq!((&trace["status"], &trace["deployment"]), (&json!("ok"), &json!("sim/small")), "{trace}");

    // Nobody is left to go on.
    rig.sim().set_fault("small", Fault::CutStreamAfter(3), 1.0);
    let reply = rig.chat_with(&[], body).await.expect(200);
    assert!(reply.body.contains("\"error\"") && !reply.body.contains("[DONE]"), "{}", reply.body);
    assert_eq!(rig.trace(reply.span()).await["attempts"].as_array().unwrap().len(), 2);
    rig.stop().await;
}
