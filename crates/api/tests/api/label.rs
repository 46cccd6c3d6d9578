//! Labels over the router: planned, locked, blind, and what calibration makes of them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_core::score::{Score, Source};

use crate::fixture::{Home, open, record, score};

/// `n` answers that the judge `tone` has graded with 1.
async fn graded(n: u64) -> Home {
    let home = open().await;
    let deployment = |n: u64| if n.is_multiple_of(2) { "sim/large" } else { "sim/small" };
    let mut records: Vec<_> = (0..n).map(|n| record(n, deployment(n))).collect();
    // Eight lengths, each twice the one before.
    (0..n).zip(&mut records).for_each(|(n, record)| record.span.usage.output = 10 << (n % 8));
    home.record(&records).await;
    let scores: Vec<Score> = (0..n)
        .map(|n| Score { scorer: "tone".into(), source: Source::Judge, ..score(n, deployment(n), 1.0) })
        .collect();
    home.score(&scores).await;
    home
}

async fn next(home: &Home, who: &str) -> Value {
    home.post("/api/v1/labels/next", &json!({ "annotator": who })).await.json()["task"].clone()
}

#[tokio::test]
async fn a_label_is_given_blind_and_told_beside_the_judge_s_grade() {
    let home = graded(4).await;
    assert_eq!(next(&home, "ana").await, Value::Null);
    let plans = home.post("/api/v1/scorers/tone/labels", &json!({ "share": 1.0 })).await.json();
    assert_eq!((&plans["items"][0]["open"], &plans["items"][0]["labels"]), (&json!(4), &json!(0)));
    let task = next(&home, "ana").await;
    assert!(!task.to_string().contains("\"judge\"") && !task.to_string().contains("grade"), "{task}");
    assert_eq!(
        (&task["criteria"], &task["keys"][1]),
        (&json!("Is the answer kind?"), &json!({"key": "2", "value": 0.5, "label": "plain"}))
    );
    let other = next(&home, "ben").await;
    assert_ne!(task["task"], other["task"]);

    let order = json!({ "task": task["task"], "value": 0.5, "note": "curt", "seconds": 4.2, "annotator": "ana" });
    let stolen = json!({ "task": task["task"], "value": 0.5, "annotator": "ben" });
    assert_eq!(home.post("/api/v1/labels", &stolen).await.status, StatusCode::CONFLICT);
    let got = home.post("/api/v1/labels", &order).await;
    assert_eq!((got.status, &got.json()["judge"]), (StatusCode::CREATED, &json!(1.0)), "{got:?}");
    assert_eq!(home.post("/api/v1/labels", &order).await.status, StatusCode::CONFLICT);
    let skipped = home.post("/api/v1/labels/skip", &json!({ "task": other["task"], "annotator": "ben" })).await;
    assert_eq!(skipped.json()["items"][0]["open"], 3);
    let list = home.get("/api/v1/labels?scorer=tone").await.json();
    assert_eq!((&list["items"][0]["note"], &list["items"][0]["p_select"]), (&json!("curt"), &json!(1.0)));

    for (path, body) in [
        ("/api/v1/scorers/none/labels", json!({ "share": 0.1 })),
        ("/api/v1/scorers/exact/labels", json!({ "share": 0.1 })),
        ("/api/v1/scorers/tone/labels", json!({ "share": 1.5 })),
        ("/api/v1/labels", json!({ "task": 1, "value": 7 })),
        ("/api/v1/labels", json!({ "task": 77, "value": 1 })),
        ("/api/v1/labels/next", json!({ "annotator": "" })),
    ] {
        let got = home.post(path, &body).await;
        assert!(got.status.is_client_error(), "{path} {body}: {got:?}");
    }
}

#[tokio::test]
async fn calibration_tells_where_judge_and_people_part() {
    let home = graded(40).await;
    let empty = home.get("/api/v1/scorers/tone/calibration").await.json();
    assert_eq!((&empty["state"], &empty["kappa"], &empty["labels"]), (&json!("uncalibrated"), &Value::Null, &json!(0)));
    home.post("/api/v1/scorers/tone/labels", &json!({ "share": 1.0 })).await;
    // People fail every answer of the small model; the judge passes all.
    for _ in 0..40 {
        let task = next(&home, "ana").await;
        let span = home.get(&format!("/api/v1/traces/{}", task["span_id"].as_str().unwrap())).await.json();
        let value = f64::from(u8::from(span["deployment"] == "sim/large"));
        let body = json!({ "task": task["task"], "value": value, "annotator": "ana" });
        assert_eq!(home.post("/api/v1/labels", &body).await.status, StatusCode::CREATED);
    }
    let told = home.get("/api/v1/scorers/tone/calibration").await.json();
    assert_eq!(
        (&told["state"], &told["labels"], &told["agreement"]["value"]),
        (&json!("calibrated"), &json!(40), &json!(0.5))
    );
    assert_eq!((&told["kappa"]["value"], &told["base_rate"]["value"]), (&json!(0.0), &json!(0.5)));
    assert_eq!(
        (&told["true_positive_rate"]["value"], &told["false_positive_rate"]["value"]),
        (&json!(1.0), &json!(1.0))
    );
    assert_eq!((&told["bias"]["value"], &told["by_family"][0]["name"]), (&json!(0.5), &json!("sim")));
    assert_eq!(told["differ"].as_array().unwrap().len(), 20);
    // The small model's answers have every other length: 5·(−2.5 − 0.5 + 1.5 + 3.5) over 5·42.
    let slope = &told["length_slope"];
    let figure = |key: &str| slope[key].as_f64().unwrap();
    assert!((figure("value") - 10.0 / 210.0).abs() < 1e-12 && slope["n"] == 40, "{slope}");
    assert!(figure("lower") < 0.0 && figure("upper") > 0.1, "{slope}");
    assert_eq!(told["confusion"]["judge_only"], 20);
    // All are of one grade, of which people pass half.
    let bins = told["bins"].as_array().unwrap();
    assert_eq!((bins.len(), &bins[0]["judge"], &bins[0]["people"]["value"]), (1, &json!(1.0), &json!(0.5)), "{told}");
    assert!(bins[0]["people"]["lower"].as_f64() > Some(0.3) && bins[0]["people"]["n"] == 40, "{told}");
    let none = home.get("/api/v1/scorers/tone/calibration?version=v0").await.json();
    assert_eq!((&none["labels"], &none["versions"]), (&json!(0), &json!(["v1"])));
}
