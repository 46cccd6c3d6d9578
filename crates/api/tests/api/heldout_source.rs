//! The words of a held-out item that was made from traffic come out of no door but the one that is on the books.

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_api::routes;
use weir_core::span::{Errand, Origin};

use crate::fixture::{Home, open, record, score, span_id};

const ASKED: &str = "which river runs through Wroclaw";
const SAID: &str = "the Oder, of course";

/// Two requests with the words, a judge's question about the first and a request of other words, all graded; the first
/// two become held-out items.
async fn held_out() -> Home {
    let home = open().await;
    let quoting = |n: u64| {
        let mut record = record(n, "sim/large");
        record.payload.request = format!(r#"{{"messages":[{{"role":"user","content":"{ASKED}, {n}?"}}]}}"#).into();
        record.payload.response = format!(r#"{{"choices":[{{"message":{{"content":"{SAID}"}}}}]}}"#).into();
        record
    };
    let mut judge = quoting(3);
    (judge.span.origin, judge.span.errand) = (Origin::Eval, Errand::about(span_id(1)));
    let mut second = quoting(2);
    second.span.session = Some("s2".into());
    home.record(&[quoting(1), second, judge, record(4, "sim/large")]).await;
    let graded = |n: u64| {
        let mut score = score(n, "sim/large", 0.5);
        score.explanation = Some(format!("it says: {SAID}"));
        score
    };
    home.score(&[graded(1), graded(2)]).await;
    let trace = home.get(&format!("/api/v1/traces/{}", span_id(1))).await.json();
    assert!(trace.to_string().contains(ASKED) && trace.to_string().contains(SAID), "{trace}");

    let order = json!({"from": "score.exact<0.9", "split": "heldout", "redact": false, "workload": "maths"});
    let added = home.post("/api/v1/datasets/rivers/add", &order).await.json();
    assert_eq!(added["put"], 2, "{added}");
    home
}

/// Every path that is read, with what there is in the place of its parameters.
fn paths() -> Vec<String> {
    let id = span_id(1).to_string();
    let mut paths = Vec::new();
    for row in routes().filter(|row| row.route.method == "GET" && !row.route.path.contains("/live/")) {
        let path = row.route.path;
        let filled = match path.split('/').nth(3).unwrap_or_default() {
            "datasets" => path.replace("{name}", "rivers"),
            "workloads" => path.replace("{id}", "maths"),
            "scorers" => path.replace("{name}", "exact"),
            _ => path.replace("{span_id}", &id).replace("{name}", "rivers"),
        };
        paths.push(filled.replace("{id}", &id[..16]));
    }
    for split in ["policy", ""] {
        paths.push(format!("/api/v1/datasets/rivers/export?split={split}"));
    }
    paths.push("/api/v1/datasets/rivers/items?version=draft".to_owned());
    paths.push("/api/v1/datasets/rivers/items?q=river".to_owned());
    paths.push(format!("/api/public/v3/scores?traceId={}", record(1, "sim/large").span.trace_id));
    paths.extend([1, 2, 3].map(|n| format!("/api/v1/traces/{}", span_id(n))));
    paths
}

async fn says_nothing(home: &Home) {
    for path in paths() {
        // The whole file is a door of its own, and on the books.
        if path == "/api/v1/datasets/rivers/export" {
            continue;
        }
        let body = String::from_utf8_lossy(&home.get(&path).await.body).into_owned();
        assert!(!body.contains("Wroclaw") && !body.contains("Oder"), "{path}: {body}");
    }
    let spans: Vec<String> = [1, 2, 3].map(|n| span_id(n).to_string()).into();
    let check = json!({"definition": {"kind": "contains", "value": "Oder"}, "spans": spans});
    let tried = home.post("/api/v1/scorers/try", &check).await;
    assert!(tried.status.is_client_error(), "{tried:?}");
    // Nor do they become an open dataset.
    for order in [json!({"from": "", "preview": true}), json!({"from": "score.exact<0.9", "preview": true})] {
        let again = home.post("/api/v1/datasets/open/add", &order).await;
        let text = String::from_utf8_lossy(&again.body).into_owned();
        assert!(!text.contains("Wroclaw") && !text.contains("Oder"), "{text}");
    }
}

#[tokio::test]
async fn no_door_tells_the_words_of_a_held_out_item_that_was_made_from_traffic() {
    let home = held_out().await;
    says_nothing(&home).await;
    let published = home.post("/api/v1/datasets/rivers/publish", &json!({})).await;
    assert_eq!(published.status, StatusCode::OK, "{published:?}");
    says_nothing(&home).await;

    let trace = home.get(&format!("/api/v1/traces/{}", span_id(1))).await.json();
    assert_eq!((&trace["request"], &trace["response"]), (&json!(""), &json!("")));
    assert!(trace["texts_missing"].as_str().unwrap().contains("held-out"), "{trace}");
    assert_eq!((&trace["scores"][0]["value"], &trace["scores"][0]["explanation"]), (&json!(0.5), &Value::Null));
    let other = home.get(&format!("/api/v1/traces/{}", span_id(4))).await.json();
    assert_eq!(other["texts_missing"], Value::Null, "{other}");

    // Whoever reveals them is written down.
    let shown = home.get("/api/v1/datasets/rivers/items?reveal=true").await.json();
    assert!(shown.to_string().contains("Wroclaw"), "{shown}");
    let reads = home.get("/api/v1/datasets/rivers").await.json();
    assert!(reads.to_string().contains("\"shown\""), "{reads}");
}

#[tokio::test]
async fn a_purge_says_what_older_judges_it_cannot_tell_of() {
    let home = open().await;
    let mut judge = record(1, "sim/large");
    judge.span.origin = Origin::Eval;
    home.record(&[judge]).await;
    let items = json!({"items": [{"id": "a", "input": "6*7?"}]});
    home.post("/api/v1/datasets/sums/items", &items).await;
    let mut order = json!({"items": ["a"], "reason": "asked for"});
    let told = home.post("/api/v1/datasets/sums/purge", &order).await.json();
    assert_eq!(told, json!({"purged": 1, "older_judges": 0, "older_judges_left": 1, "files": [], "files_left": []}));
    order["older_judges"] = json!(true);
    let told = home.post("/api/v1/datasets/sums/purge", &order).await.json();
    assert_eq!((&told["older_judges"], &told["older_judges_left"]), (&json!(1), &json!(0)), "{told}");
    assert_eq!(home.get(&format!("/api/v1/traces/{}", span_id(1))).await.json()["request"], "");
}
