//! What is read: figures that add up, pages that go on, errors that name the parameter.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_core::{
    NanoUsd,
    decision::{CandidateRecord, Verdict},
    span::Origin,
};
use weir_router::Fault;

use crate::fixture::{Home, at_the_clock, decision, open, record, score, span_id};

async fn items(home: &Home, path: &str) -> Vec<Value> {
    let got = home.get(path).await;
    assert_eq!(got.status, StatusCode::OK, "{path}: {got:?}");
    got.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_fresh_start_has_no_figures_and_an_honest_checklist() {
    let home = open().await;
    let json = home.get("/api/v1/overview").await.json();
    assert_eq!(json["checklist"], json!({"provider": true, "request": false, "dataset": false}));
    for figure in ["quality", "cost_usd", "cost_best_usd", "p95_ms", "fallback_share"] {
        assert_eq!(json[figure], Value::Null, "{figure}");
    }
    assert_eq!(json["totals"]["revision_latest"], "r-0001");
    assert_eq!(json["workloads"][0]["state"], "no_data");
    assert_eq!(json["sparks"]["cost"].as_array().unwrap().len(), 24);
    assert_eq!(json["sparks"]["step_s"], 60);
    assert_eq!(json["attention"], json!([]));
}

#[tokio::test]
async fn a_young_installation_has_sparks_within_minutes_and_is_not_called_healthy_before_a_score() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    let json = home.get("/api/v1/workloads/maths").await.json();
    assert_eq!((&json["state"], &json["quality"]), (&json!("unproven"), &Value::Null));

    home.clock.advance(Duration::from_secs(120));
    let known = |overview: &Value| {
        let cost = overview["sparks"]["cost"].as_array().unwrap();
        (overview["sparks"]["step_s"].clone(), cost.iter().filter(|value| !value.is_null()).count())
    };
    home.record(&[at_the_clock(&home, record(2, "sim/large"))]).await;
    assert_eq!(known(&home.get("/api/v1/overview").await.json()), (json!(60), 2));
    home.clock.advance(Duration::from_secs(3 * 3_600));
    home.record(&[at_the_clock(&home, record(3, "sim/large"))]).await;
    assert_eq!(known(&home.get("/api/v1/overview").await.json()), (json!(900), 2));

    home.score(&[score(1, "sim/large", 1.0)]).await;
    assert_eq!(home.get("/api/v1/workloads/maths").await.json()["state"], "healthy");
}

#[tokio::test]
async fn figures_of_a_workload_add_up() {
    let home = open().await;
    // Three at 1.6 and one at 0.4 thousandths of a dollar; the dearest candidate is sim/large at 10 and 30 a million.
    let mut cheap = record(4, "sim/small");
    cheap.span.cost = Some(NanoUsd(400_000));
    let mut unasked = record(5, "sim/large");
    unasked.span.origin = Origin::Eval;
    let records = [record(1, "sim/large"), record(2, "sim/large"), record(3, "sim/large"), cheap, unasked];
    home.record(&records).await;
    home.score(&[score(1, "sim/large", 1.0), score(4, "sim/small", 0.0)]).await;
    home.clock.advance(Duration::from_secs(1));

    let json = home.get("/api/v1/workloads/maths").await.json();
    assert_eq!(json["requests"], 4, "weir's own requests are not traffic");
    assert!((json["cost_per_1k_usd"].as_f64().unwrap() - 1.3).abs() < 1e-9);
    // 400 prompt and 80 completion tokens cost $0.0064 at sim/large; $0.0052 were spent.
    assert!((json["vs_best"].as_f64().unwrap() + 0.1875).abs() < 1e-9, "{json}");
    let [large, small] = [&json["candidates"][0], &json["candidates"][1]];
    assert_eq!((&large["share"], &small["share"]), (&json!(0.75), &json!(0.25)));
    assert_eq!((&large["stable"], &large["admitted"]), (&json!(true), &json!(true)));
    assert_eq!((&small["stable"], &small["admitted"]), (&json!(false), &json!(false)));
    let value = |candidate: &Value| candidate["quality"]["value"].as_f64().unwrap();
    let met = json["router"]["quality"]["value"].as_f64().unwrap();
    assert!((met - 0.75 * value(large) - 0.25 * value(small)).abs() < 1e-9);
    assert_eq!(json["router"]["quality"]["n"], 2);
    assert_eq!(json["sentence"], "always sim/large, until a canary admits another");
    assert_eq!(json["scorers"], json!(["exact"]));
    assert_eq!(json["canary"], Value::Null);

    let overview = home.get("/api/v1/overview").await.json();
    assert_eq!(overview["totals"]["requests"], 4);
    assert!((overview["cost_usd"].as_f64().unwrap() - 0.0052).abs() < 1e-12);
    assert!((overview["cost_best_usd"].as_f64().unwrap() - 0.0064).abs() < 1e-12);
    assert_eq!(overview["providers"][0]["provider"], "sim");
    assert_eq!(overview["providers"][0]["success_share"], 1.0);
    assert_eq!(overview["checklist"]["request"], true);
}

#[tokio::test]
async fn the_overview_is_of_the_range_that_is_asked_for() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/large")]).await;
    home.clock.advance(std::time::Duration::from_mins(30));
    for (range, seconds, requests) in [("15m", 900, 0), ("1h", 3_600, 2), ("7d", 604_800, 2)] {
        let json = home.get(&format!("/api/v1/overview?range={range}")).await.json();
        assert_eq!((&json["range_s"], &json["totals"]["requests"]), (&json!(seconds), &json!(requests)), "{range}");
        assert_eq!(json["workloads"][0]["requests"], requests, "{range}");
    }
    let few = home.get("/api/v1/overview?range=5m").await.json();
    assert_eq!(few["sparks"]["cost"].as_array().unwrap().len(), 5, "no spark is longer than its range");
    let wrong = home.get("/api/v1/overview?range=2d").await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
    assert!(wrong.message().contains("24h, 7d"), "{}", wrong.message());
}

#[tokio::test]
async fn windows_say_which_of_them_steers() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    let mut other = score(1, "sim/large", 0.2);
    other.scorer = "polite".into();
    home.score(&[score(1, "sim/large", 1.0), other]).await;
    let json = home.get("/api/v1/workloads/maths/windows").await.json();
    assert_eq!((&json["segment"], &json["score_seq"]), (&json!("all"), &json!(2)));
    let rows = json["items"].as_array().unwrap();
    let steering: Vec<&Value> = rows.iter().filter(|row| row["quality"] == true).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(steering.len(), 1);
    assert_eq!((&steering[0]["scorer"], &steering[0]["n"]), (&json!("exact"), &json!(1)));
}

#[tokio::test]
async fn series_have_one_value_per_bucket_and_end_with_now() {
    let home = open().await;
    home.clock.advance(Duration::from_secs(90));
    home.record(&[record(30_000, "sim/small"), record(80_000, "sim/large")]).await;
    home.score(&[score(80_000, "sim/large", 0.5)]).await;
    let json = home.get("/api/v1/workloads/maths/series?range=3m&buckets=3").await.json();
    assert_eq!((&json["start"], &json["step_s"]), (&json!("2026-11-20T23:59:00.000Z"), &json!(60)));
    let [large, small] = [&json["deployments"][0], &json["deployments"][1]];
    assert_eq!(large["deployment"], "sim/large", "configured order");
    assert_eq!((&large["requests"], &small["requests"]), (&json!([0, 0, 1]), &json!([0, 1, 0])));
    assert_eq!(large["quality"], json!([null, null, 0.5]));
    assert_eq!(large["cost_usd"], json!([0.0, 0.0, 0.0016]));
    assert_eq!(json["events"][0]["label"], "revised r-0001");
    for query in ["range=1y", "range=0h", "buckets=0", "buckets=501", "bucket=3"] {
        let got = home.get(&format!("/api/v1/workloads/maths/series?{query}")).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn traces_page_backwards_without_a_gap() {
    let home = open().await;
    let records: Vec<_> = (1..=5).map(|n| record(n, "sim/large")).collect();
    home.record(&records).await;
    let mut path = "/api/v1/traces?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = home.get(&path).await.json();
        for row in page["items"].as_array().unwrap() {
            seen.push(row["span_id"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/traces?limit=2&cursor={next}"),
            None => break,
        }
    }
    let wanted: Vec<String> = (1..=5).rev().map(|n| span_id(n).to_string()).collect();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn traces_are_narrowed_by_what_is_known_and_refuse_what_is_not() {
    let home = open().await;
    let mut eval = record(2, "sim/small");
    eval.span.origin = Origin::Eval;
    home.record(&[record(1, "sim/large"), eval]).await;
    home.score(&[score(1, "sim/large", 0.25)]).await;
    for (query, found) in [
        ("", 2),
        ("workload=maths", 2),
        ("workload=poems", 0),
        ("deployment=sim%2Fsmall", 1),
        ("status=ok&origin=client", 1),
        ("status=failed", 0),
    ] {
        let rows = items(&home, &format!("/api/v1/traces?{query}")).await;
        assert_eq!(rows.len(), found, "{query}");
    }
    let row = &items(&home, "/api/v1/traces?origin=client").await[0];
    assert_eq!((&row["score"], &row["latency_ms"]), (&json!(0.25), &json!(250.0)));
    assert_eq!((&row["cost_usd"], &row["attempts"]), (&json!(0.0016), &json!(1)));
    assert_eq!(row["started_at"], "2026-11-21T00:00:00.001Z");
    for query in ["status=fine", "origin=me", "limit=0", "limit=501", "limit=x", "cursor=x", "worklod=maths"] {
        let got = home.get(&format!("/api/v1/traces?{query}")).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_trace_tells_all_that_is_known_of_it() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    home.score(&[score(1, "sim/large", 1.0)]).await;
    let json = home.get(&format!("/api/v1/traces/{}", span_id(1))).await.json();
    assert_eq!(json["attempts"][0]["deployment"], "sim/large");
    assert_eq!(json["tags"], json!({"team": "blue"}));
    assert_eq!(json["usage"]["input"], 100);
    assert_eq!((&json["tenant"], &json["model_asked"]), (&json!("dev"), &json!("weir/maths")));
    assert!(json["request"].as_str().unwrap().contains("6*7?"));
    assert!(json["response"].as_str().unwrap().contains("42"));
    let row = &json["scores"][0];
    assert_eq!((&row["status"], &row["value"], &row["reason"]), (&json!("scored"), &json!(1.0), &Value::Null));
    for id in [span_id(9).to_string(), "none".to_owned(), "+".repeat(32)] {
        let got = home.get(&format!("/api/v1/traces/{id}")).await;
        assert_eq!((got.status, got.code()), (StatusCode::NOT_FOUND, "W0105".to_owned()), "{id}");
    }
}

/// The view of a decision is the record itself: the same JSON, field by field.
#[tokio::test]
async fn a_decision_is_shown_as_it_was_recorded_and_in_sentences() {
    let home = open().await;
    let mut unrouted = record(2, "sim/large");
    unrouted.span.decision = None;
    let mut decision = decision("sim/small");
    decision.candidates.push(CandidateRecord {
        deployment: "sim/large".into(),
        verdict: Verdict::Fallback,
        expected_cost: Some(NanoUsd(12_120_000)),
        ..decision.candidates[0].clone()
    });
    let mut routed = record(1, "sim/small");
    routed.span.decision = Some(Arc::new(decision.clone()));
    home.record(&[routed, unrouted]).await;
    let json = home.get(&format!("/api/v1/decisions/{}", span_id(1))).await.json();
    assert_eq!(json["decision"], serde_json::to_value(decision).unwrap());
    let sentences = json["sentences"].as_array().unwrap();
    let text = |n: usize| sentences[n].as_str().unwrap();
    assert!(text(0).contains("chose sim/small"), "{sentences:?}");
    assert!(text(1).contains("at least 0.910 (n = 412)"), "{sentences:?}");
    assert!(text(2).starts_with("sim/large would cost $0.012000 more"), "{sentences:?}");
    let got = home.get(&format!("/api/v1/decisions/{}", span_id(2))).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert!(got.message().contains("before it was routed"));
}

#[tokio::test]
async fn deployments_show_price_and_live_health() {
    let home = open().await;
    let vital = home.live.vital(&"sim/small".into()).unwrap();
    for _ in 0..5 {
        vital.begin(1, false, Duration::ZERO).unwrap().failed(Fault::Server, None, Duration::ZERO);
    }
    let rows = items(&home, "/api/v1/deployments").await;
    let small = rows.iter().find(|row| row["id"] == "sim/small").unwrap();
    assert_eq!((&small["health"]["state"], &small["health"]["failures"]), (&json!("open"), &json!(5)));
    assert_eq!(small["price"]["input_usd"], 0.1);
    assert_eq!(small["capabilities"]["tools"], true);
    assert_eq!((&small["requests_1h"], &small["error_share_1h"]), (&json!(0), &Value::Null));
    let overview = home.get("/api/v1/overview").await.json();
    assert_eq!(overview["attention"][0]["kind"], "breaker_open");
    assert_eq!(overview["attention"][0]["href"], "/deployments?open=sim/small");
}

#[tokio::test]
async fn a_workload_that_stays_below_its_floor_is_called_so() {
    let home = open().await;
    let records: Vec<_> = (1..=150).map(|n| record(n, "sim/large")).collect();
    let scores: Vec<_> = (1..=150).map(|n| score(n, "sim/large", f64::from(u8::from(n % 2 == 0)))).collect();
    home.record(&records).await;
    home.score(&scores).await;
    home.clock.advance(Duration::from_secs(1));
    let overview = home.get("/api/v1/overview").await.json();
    assert_eq!(overview["workloads"][0]["state"], "below_floor");
    assert_eq!(overview["attention"][0]["kind"], "below_floor");
    assert_eq!(overview["attention"][0]["href"], "/workloads/maths");
}

#[tokio::test]
async fn unknown_workloads_are_answered_with_the_known_ones() {
    let home = open().await;
    for tail in ["", "/windows", "/series", "/policies"] {
        let got = home.get(&format!("/api/v1/workloads/maffs{tail}")).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{tail}");
        assert!(got.json()["hint"].as_str().unwrap().contains("`maths`"));
    }
}

#[tokio::test]
async fn the_queue_is_empty_before_its_first_start_and_its_words_are_checked() {
    let home = open().await;
    let json = home.get("/api/v1/jobs?status=dead").await.json();
    assert_eq!(json["counts"], json!({"ready": 0, "running": 0, "done": 0, "failed": 0, "dead": 0}));
    assert_eq!(json["items"], json!([]));
    assert_eq!(home.get("/api/v1/jobs?status=asleep").await.code(), "W0106");
}

#[tokio::test]
async fn events_are_limited_and_the_demo_plays() {
    let home = open().await;
    assert_eq!(items(&home, "/api/v1/events?limit=1").await[0]["kind"], "revised");
    assert_eq!(home.get("/api/v1/events?limit=0").await.code(), "W0106");
    let played = home
        .send(
            crate::fixture::request(axum::http::Method::POST, "/api/v1/demo/play")
                .body(axum::body::Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(played.json(), json!({"started": true}));
}

#[tokio::test]
async fn secrets_are_in_no_reply() {
    let home = crate::fixture::keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    for row in weir_api::routes() {
        if row.route.method == "GET" && !row.route.path.contains("/live/") {
            let got = home.get(&row.route.path.replace("{span_id}", &span_id(1).to_string())).await;
            let text = String::from_utf8_lossy(&got.body).into_owned();
            assert!(!text.contains("-secret-"), "{}", row.route.path);
        }
    }
    assert!(home.dir.path().exists());
}

#[tokio::test]
async fn a_scorer_says_what_it_cost_and_how_soon_it_graded() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/large")]).await;
    let mut scores = [score(1, "sim/large", 1.0), score(2, "sim/large", 0.0)];
    scores[1].cost = NanoUsd(2_000_000);
    home.score(&scores).await;
    let rows = items(&home, "/api/v1/scorers").await;
    assert_eq!(
        rows,
        [
            json!({"name": "exact", "answers": 2, "unscored": 0, "cost_usd": 0.002, "delay_p50_ms": 50.0, "delay_p95_ms": 50.0})
        ]
    );
}
