//! Every preset over HTTP: what the configuration names is what decides, what the reply says and what is on record.

use std::collections::BTreeMap;

use serde_json::json;
use weir_sim::Fault;

use crate::rig::{Reply, Rig, ask};

/// One workload for each preset; without a floor every candidate is admitted from the start.
fn config() -> String {
    let presets = [
        "round_robin",
        "least_busy",
        "latency_aware",
        "quality_aware",
        "adaptive",
        "failover",
        "race",
        "hedge",
        "cascade",
        "complexity",
        "affinity",
        "canary_latency",
        "race_critical",
    ];
    let mut text = String::new();
    for preset in presets {
        text += &format!(
            "[workloads.{preset}]\ncandidates = [\"sim/large\", \"sim/medium\", \"sim/small\"]\npolicy = \"{preset}\"\n"
        );
    }
    for preset in ["cost_aware", "quality_cost_round_robin"] {
        text += &format!(
            "[workloads.{preset}]\ncandidates = [\"sim/large\", \"sim/medium\", \"sim/small\"]\nfloor = 0.7\n\
             admitted = [\"sim/medium\", \"sim/small\"]\npolicy = \"{preset}\"\n"
        );
    }
    text
}

/// Answers by deployment.
async fn served(rig: &Rig, workload: &str, count: usize) -> BTreeMap<String, usize> {
    let mut served = BTreeMap::new();
    for number in 0..count {
        let reply = rig.chat(&format!("weir/{workload}"), &format!("question {number}")).await.expect(200);
        *served.entry(reply.deployment().to_owned()).or_default() += 1;
    }
    served
}

async fn one(rig: &Rig, workload: &str, headers: &[(&str, &str)], prompt: &str) -> Reply {
    rig.chat_with(headers, ask(&format!("weir/{workload}"), prompt)).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_preset_names_its_stages_and_sends_where_it_says() {
    let rig = Rig::start(&config()).await;
    for (model, ttft_ms) in [("large", 80.0), ("medium", 80.0), ("small", 1.0)] {
        rig.sim().set_latency(model, ttft_ms, 0.0);
    }
    let turns = served(&rig, "round_robin", 30).await;
    assert_eq!(turns.values().copied().collect::<Vec<_>>(), [10, 10, 10], "{turns:?}");
    let cheap = served(&rig, "adaptive", 6).await;
    assert_eq!(cheap["sim/small"], 6, "no quality is known, and it is cheaper and faster: {cheap:?}");
    for model in ["large", "medium"] {
        rig.sim().set_latency(model, 1.0, 0.0);
    }

    let first = served(&rig, "failover", 6).await;
    assert_eq!(first["sim/large"], 6, "{first:?}");
    rig.sim().set_fault("large", Fault::Status(400, Vec::new()), 1.0);
    let refused = rig.chat("weir/failover", "a caller's error goes nowhere else").await;
    assert_eq!(refused.status, 400);
    rig.sim().set_fault("large", Fault::Status(500, Vec::new()), 1.0);
    let next = one(&rig, "failover", &[], "hello").await;
    assert_eq!(next.deployment(), "sim/medium", "the next in their order");
    rig.sim().clear_fault("large");

    let easy = one(&rig, "complexity", &[], "hello, how are you?").await;
    assert_ne!(easy.deployment(), "sim/large");
    let hard = "Prove step by step that x^2 + 3*x = 10 has two roots, then compare both methods.";
    assert_eq!(one(&rig, "complexity", &[], hard).await.deployment(), "sim/large");

    let strategies = [
        ("round_robin", "filter, canary, round_robin"),
        ("failover", "filter, canary"),
        ("adaptive", "filter, canary, adaptive, tie_break"),
        ("complexity", "filter, canary, complexity, tie_break"),
        ("canary_latency", "filter, canary, latency"),
        ("quality_aware", "filter, canary, quality, tie_break"),
        ("cost_aware", "filter, canary, floor, cost, tie_break"),
        ("quality_cost_round_robin", "filter, canary, floor, cost, round_robin"),
    ];
    for (workload, strategy) in strategies {
        assert_eq!(one(&rig, workload, &[], "hello").await.header("x-weir-strategy"), strategy);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fast_and_the_free_get_the_traffic() {
    let rig = Rig::start(&config()).await;
    // Far apart, so that a busy machine does not make the fast one look slow.
    for (model, ttft_ms) in [("large", 300.0), ("medium", 2.0), ("small", 300.0)] {
        rig.sim().set_latency(model, ttft_ms, 0.0);
    }
    // Little is in doubt any more: who is gets its trials by chance, a few in a hundred requests.
    // The fast one answers often enough that a busy machine cannot move its median.
    for (deployment, answers) in [("sim/large", 3), ("sim/medium", 24), ("sim/small", 3)] {
        for _ in 0..answers {
            rig.chat(deployment, "hello").await.expect(200);
        }
    }
    for workload in ["latency_aware", "canary_latency"] {
        let fast = served(&rig, workload, 30).await;
        assert!(fast["sim/medium"] >= 22, "{workload}: {fast:?}");
    }

    // Six at once, each of which takes a while: nobody gets more than its share.
    rig.sim().set_latency("medium", 60.0, 0.0);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..6 {
        let caller = rig.caller.clone();
        tasks.spawn(async move { caller.chat("weir/least_busy", &format!("question {number}")).await.expect(200) });
    }
    let mut busy = BTreeMap::<String, usize>::new();
    for reply in tasks.join_all().await {
        *busy.entry(reply.deployment().to_owned()).or_default() += 1;
    }
    assert!(busy.len() == 3 && busy.values().all(|&count| count <= 3), "{busy:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_slow_answer_makes_nobody_the_slowest() {
    let rig = Rig::start(&config()).await;
    for model in ["large", "medium", "small"] {
        rig.sim().set_latency(model, 2.0, 0.0);
    }
    rig.sim().set_latency("medium", 1_500.0, 0.0);
    rig.chat("sim/medium", "hello").await.expect(200);
    rig.sim().set_latency("medium", 2.0, 0.0);
    for deployment in ["sim/large", "sim/small"] {
        for _ in 0..10 {
            rig.chat(deployment, "hello").await.expect(200);
        }
    }
    // A few in a hundred until it has answered again, and its share from then on.
    let shares = served(&rig, "latency_aware", 250).await;
    assert!(shares.get("sim/medium").is_some_and(|&answers| answers > 3), "{shares:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_and_cost_follow_the_grades() {
    let rig = Rig::start(&config()).await;
    for workload in ["quality_aware", "cost_aware", "quality_cost_round_robin"] {
        let mut last = 0;
        for (deployment, value) in [("sim/large", 0.8), ("sim/medium", 1.0), ("sim/small", 0.1)] {
            let mut replies = Vec::new();
            for number in 0..30 {
                let asked = ask(deployment, &format!("question {number}"));
                replies.push(rig.chat_with(&[("x-weir-workload", workload)], asked).await.expect(200));
            }
            // Only the first of them has to be waited for.
            for reply in replies {
                rig.trace(reply.span()).await;
                let graded = rig.grade(reply.span(), "quality", value).await.expect(201).json();
                last = graded["seq"].as_i64().unwrap();
            }
        }
        rig.published(last).await;
    }
    let best = served(&rig, "quality_aware", 5).await;
    assert_eq!(best["sim/medium"], 5, "the best: {best:?}");
    let cheapest = served(&rig, "cost_aware", 5).await;
    assert_eq!(cheapest["sim/medium"], 5, "the cheapest above the floor: {cheapest:?}");
    let turns = served(&rig, "quality_cost_round_robin", 4).await;
    assert_eq!(turns["sim/medium"], 4, "nothing costs the same: {turns:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn races_hedges_and_cascades_ask_more_than_one_and_bill_all_of_them() {
    let rig = Rig::start(&config()).await;
    for (model, ttft_ms) in [("large", 120.0), ("medium", 2.0), ("small", 120.0)] {
        rig.sim().set_latency(model, ttft_ms, 0.0);
    }
    for workload in ["race", "hedge"] {
        served(&rig, workload, 12).await;
    }
    let mut raced = 0;
    for number in 0..6 {
        let reply = one(&rig, "race", &[], &format!("race {number}")).await;
        let trace = rig.trace(reply.span()).await;
        let attempts = trace["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 2, "{trace}");
        let lost = attempts.iter().find(|attempt| attempt["error"] == json!("lost"));
        let lost = lost.unwrap_or_else(|| panic!("nobody lost: {trace}"));
        assert!(lost["cost_nano_usd"].as_i64().or_else(|| lost["cost"].as_i64()).unwrap() > 0, "{trace}");
        raced += usize::from(reply.deployment() == "sim/medium");
    }
    assert!(raced >= 4, "the quick one runs and wins: {raced}");

    // What was always quick is late now, far beyond its 95th percentile.
    rig.sim().set_latency("medium", 600.0, 0.0);
    let mut hedged = false;
    for number in 0..6 {
        let reply = one(&rig, "hedge", &[], &format!("hedge {number}")).await;
        hedged |= reply.header("x-weir-attempts") == "2";
    }
    assert!(hedged, "a late first choice is given a second beside it");

    let plain = one(&rig, "race_critical", &[], "hello").await;
    assert_eq!(plain.header("x-weir-attempts"), "1");
    let critical = [("x-weir-tags", r#"{"path":"critical"}"#)];
    assert_eq!(one(&rig, "race_critical", &critical, "hello").await.header("x-weir-attempts"), "2");

    let cheap = one(&rig, "cascade", &[], "hello").await;
    assert_eq!((cheap.deployment(), cheap.header("x-weir-attempts")), ("sim/small", "1"));
    let mut cut = ask("weir/cascade", "hello");
    cut["max_tokens"] = json!(1);
    let escalated = rig.chat_with(&[], cut).await.expect(200);
    assert_eq!(escalated.header("x-weir-attempts"), "3", "an answer that is cut short is not good enough");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_stays_where_it_is_and_sessions_spread() {
    let rig = Rig::start(&config()).await;
    let mut seen = BTreeMap::<String, usize>::new();
    for session in 0..24 {
        let name = format!("session-{session}");
        let headers = [("x-weir-session", name.as_str())];
        let first = one(&rig, "affinity", &headers, "hello").await.deployment().to_owned();
        assert_eq!(one(&rig, "affinity", &headers, "and again").await.deployment(), first);
        *seen.entry(first).or_default() += 1;
    }
    assert!(seen.len() == 3 && seen.values().all(|&count| count >= 2), "{seen:?}");
    rig.stop().await;
}

#[test]
fn a_preset_that_does_not_exist_is_an_error_at_the_start() {
    let text = "[workloads.one]\ncandidates = [\"sim/large\"]\npolicy = \"round_robbin\"\n";
    let invalid = weir_config::parse(text, "weir.toml".as_ref(), &|_| None).unwrap_err().to_string();
    assert!(invalid.contains("weir.toml:3:10") && invalid.contains("round_robbin"), "{invalid}");
    let text = text.replace("\"round_robbin\"", "[\"filter\", \"cheapest\"]");
    let invalid = weir_config::parse(&text, "weir.toml".as_ref(), &|_| None).unwrap_err().to_string();
    assert!(invalid.contains("weir.toml:3") && invalid.contains("cheapest"), "{invalid}");
}
