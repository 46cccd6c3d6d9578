//! The front page: what needs a person, how figures have moved, and what can be connected.

use std::time::Duration;

use serde_json::{Value, json};
use weir_core::{Clock as _, NanoUsd, span::Origin};
use weir_router::Fault;

use crate::fixture::{at_the_clock, hosted, open, record, score};

fn items(json: &Value) -> Vec<Value> {
    json["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_key_that_a_provider_refuses_is_named_until_it_is_taken_again() {
    let home = hosted().await;
    let vital = home.live.vital(&"groq/llama".into()).unwrap();
    vital.key_rejected(1);
    vital.begin(1, false, Duration::ZERO).unwrap().failed(Fault::Fatal, None, Duration::ZERO);
    let health = |rows: Vec<Value>| rows.iter().find(|row| row["id"] == "groq/llama").unwrap()["health"].clone();
    let rows = async || items(&home.get("/api/v1/deployments").await.json());
    let of = health(rows().await);
    assert_eq!((&of["rejected_keys"], &of["state"]), (&json!(["env:SPARE"]), &json!("open")));
    let overview = home.get("/api/v1/overview").await.json();
    assert_eq!(overview["attention"].as_array().unwrap().len(), 1, "what rests for it is told with it: {overview}");
    assert_eq!(overview["attention"][0]["kind"], "key_rejected");
    let text = overview["attention"][0]["text"].as_str().unwrap();
    assert!(text.contains("key env:SPARE of groq/llama") && !text.contains("0123456789"), "{text}");
    vital.key_taken(1);
    assert_eq!(health(rows().await)["rejected_keys"], json!([]));
}

#[tokio::test]
async fn keys_in_the_environment_are_offered_by_name_and_never_told() {
    let home = hosted().await;
    let got = home.get("/api/v1/providers").await;
    let json = got.json();
    let of = |name: &str| json["items"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    let told = |name: &str| (of(name)["key"].clone(), of(name)["found"].clone(), of(name)["configured"].clone());
    assert_eq!(told("groq"), (json!("GROQ_API_KEY"), json!(true), json!(true)));
    assert_eq!(told("openai"), (json!("OPENAI_API_KEY"), json!(false), json!(false)));
    assert_eq!((told("ollama").0, &of("ollama")["local"]), (Value::Null, &json!(true)));
    assert!(!String::from_utf8_lossy(&got.body).contains("0123456789"));
}

#[tokio::test]
async fn budgets_that_are_nearly_gone_need_somebody() {
    let home = hosted().await;
    let mut dear = record(1, "sim/large");
    dear.span.cost = Some(NanoUsd(950_000_000));
    let mut probe = record(2, "sim/large");
    (probe.span.origin, probe.span.cost) = (Origin::Probe, Some(NanoUsd(2_000_000_000)));
    home.record(&[dear, probe]).await;
    home.clock.advance(Duration::from_secs(1));
    let overview = home.get("/api/v1/overview").await.json();
    let told: Vec<(&str, &str)> = overview["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["href"].as_str().unwrap(), item["text"].as_str().unwrap()))
        .collect();
    let probes = "golden probes on maths: the budget of $2.00 a day is spent, and nothing is asked until some of it is a \
                  day old";
    assert_eq!(told, [("/cost", probes), ("/system?tab=keys", "key dev: $0.9500 of $1.00 a day are spent")]);
}

#[tokio::test]
async fn the_front_page_tells_how_its_figures_moved_and_each_providers_last_hour() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/small")]).await;
    home.score(&[score(1, "sim/large", 0.5), score(2, "sim/small", 1.0)]).await;
    home.clock.advance(Duration::from_secs(60));
    let fresh = home.get("/api/v1/overview").await.json();
    assert_eq!(fresh["change"], json!({"quality": null, "p95_ms": null}), "there was no day before");
    let minutes = fresh["providers"][0]["minutes"].as_array().unwrap().clone();
    assert_eq!(minutes.len(), 60);
    assert_eq!(minutes[58], json!({"requests": 2, "failed": 0}), "both deployments together");
    home.clock.advance(Duration::from_secs(86_400));
    let mut slower = at_the_clock(&home, record(3, "sim/large"));
    slower.span.latency_us = 500_000;
    let mut better = score(3, "sim/large", 1.0);
    better.at = home.clock.now();
    home.record(&[slower]).await;
    home.score(&[better]).await;
    home.clock.advance(Duration::from_secs(60));
    let change = home.get("/api/v1/overview").await.json()["change"].clone();
    assert_eq!(change["quality"], 0.25, "from 0.75 on average to 1");
    assert!((change["p95_ms"].as_f64().unwrap() - 250.0).abs() < 10.0, "{change}");
}
