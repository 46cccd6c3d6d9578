//! Definitions of scorers, tried on recorded answers before anybody configures them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{Home, open, record, span_id};

const PATH: &str = "/api/v1/scorers/try";

async fn answered() -> (Home, String) {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    (home, span_id(1).to_string())
}

#[tokio::test]
async fn a_check_is_tried_at_once_and_a_judge_after_a_yes_and_nothing_is_stored() {
    let (home, span) = answered().await;
    let check = json!({ "definition": { "kind": "contains", "value": "42" }, "spans": [span] });
    let tried = home.post(PATH, &check).await.json();
    assert_eq!(
        (&tried["items"][0]["value"], &tried["items"][0]["span_id"], &tried["cost_usd"]),
        (&json!(1.0), &json!(span), &json!(0.0)),
        "{tried}"
    );
    assert_eq!(tried["version"].as_str().map(str::len), Some(12), "{tried}");

    let judge = json!({ "kind": "judge", "model": "sim/large", "prompt": "Kind?", "choices": { "no": 0, "yes": 1 } });
    let mut order = json!({ "definition": judge, "spans": [span] });
    let refused = home.post(PATH, &order).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.message().contains("confirm_spend"), "{}", refused.message());
    order["confirm_spend"] = json!(true);
    let tried = home.post(PATH, &order).await.json();
    assert_eq!((&tried["items"][0]["explanation"], &tried["cost_usd"]), (&json!("kind"), &json!(0.000_002)), "{tried}");
    let trace = home.get(&format!("/api/v1/traces/{span}")).await.json();
    assert_eq!(trace["scores"], json!([]), "{trace}");
}

#[tokio::test]
async fn a_configured_scorer_is_tried_by_its_name_and_exactly_one_of_both_is_wanted() {
    let (home, span) = answered().await;
    let tried = home.post(PATH, &json!({ "scorer": "exact", "spans": [span] })).await.json();
    assert_eq!(tried["items"][0]["unscored"], "no_reference", "nobody has said what is right: {tried}");
    let refused = home.post(PATH, &json!({ "scorer": "tone", "spans": [span] })).await;
    assert!(refused.message().contains("confirm_spend"), "a judge is paid for by name, too: {}", refused.message());
    let unknown = home.post(PATH, &json!({ "scorer": "exat", "spans": [span] })).await;
    assert_eq!((unknown.status, unknown.message()), (StatusCode::NOT_FOUND, "there is no scorer `exat`".to_owned()));
    for order in [json!({ "spans": [span] }), json!({ "scorer": "exact", "definition": {}, "spans": [span] })] {
        let got = home.post(PATH, &order).await;
        assert!(got.message().contains("one of the two"), "{}", got.message());
    }
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_with_the_reason() {
    let (home, span) = answered().await;
    let unknown = span_id(77).to_string();
    let check = json!({ "kind": "contains", "value": "42" });
    for (definition, spans, says) in [
        (json!({ "kind": "contans" }), json!([span]), "contains"),
        (json!({ "kind": "regex", "must_match": "(" }), json!([span]), "regular expression"),
        (json!({ "kind": "judge", "model": "m", "template": "mine.toml" }), json!([span]), "write `prompt`"),
        (json!({ "kind": "webhook", "url": "https://example.com/" }), json!([span]), "webhooks"),
        (check.clone(), json!([]), "wanted 1 to 10"),
        (check.clone(), Value::Array(vec![json!(span); 11]), "wanted 1 to 10"),
        (check.clone(), json!([unknown]), "no request"),
        (check, json!(["nonsense"]), "no request"),
    ] {
        let got = home.post(PATH, &json!({ "definition": definition, "spans": spans, "confirm_spend": true })).await;
        assert!(got.status.is_client_error() && got.message().contains(says), "{definition}: {got:?}");
    }
}

#[tokio::test]
async fn every_template_is_told_in_full_and_can_be_tried_as_it_is() {
    let (home, span) = answered().await;
    let templates = home.get("/api/v1/scorers/templates").await.json();
    let items = templates["items"].as_array().unwrap();
    assert_eq!(items.len(), weir_evals::judge::TEMPLATES.len(), "{templates}");
    for item in items {
        let mut definition = item["definition"].clone();
        assert!(definition["prompt"].as_str().is_some_and(|prompt| prompt.len() > 40), "{item}");
        definition["model"] = json!("sim/large");
        let order = json!({ "definition": definition, "spans": [span], "confirm_spend": true });
        let tried = home.post(PATH, &order).await;
        assert_eq!(tried.status, StatusCode::OK, "{}: {tried:?}", item["name"]);
    }
}
