//! Datasets: previewed, imported, listed.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;

use crate::fixture::{Got, Home, open, request};

const GOOD: &str = "{\"question\":\"6*7?\",\"answer\":\"42\"}\n{\"question\":\"2+2?\",\"answer\":\"4\"}\n";
const MIXED: &str = "{\"question\":\"6*7?\",\"answer\":\"42\"}\n{\"question\":\n";

async fn upload(home: &Home, path: &str, file: &str) -> Got {
    let request = request(Method::POST, path)
        .header("content-type", "text/plain; charset=utf-8")
        .body(Body::from(file.to_owned()))
        .unwrap();
    home.send(request).await
}

#[tokio::test]
async fn a_preview_shows_what_would_be_read_and_stores_nothing() {
    let home = open().await;
    let got = upload(&home, "/api/v1/datasets/preview?name=sums.jsonl", MIXED).await;
    assert_eq!(got.status, StatusCode::OK, "{got:?}");
    let json = got.json();
    assert_eq!(json["format"], "jsonl");
    assert_eq!(json["mapping"]["input"], "question");
    assert_eq!(json["mapping"]["expected"], "answer");
    assert_eq!(json["items"], 1);
    assert_eq!(json["rows"][0]["line"], 1);
    assert_eq!(json["rows"][0]["item"]["expected"], "42");
    assert_eq!(json["rows"][1]["item"], json!(null));
    assert_eq!(json["bad"][0]["line"], 2);
    let list = home.get("/api/v1/datasets").await.json();
    assert_eq!(list, json!({"items": [], "next": null}));
}

#[tokio::test]
async fn an_import_is_a_version_and_the_same_import_is_the_same_version() {
    let home = open().await;
    let path = "/api/v1/datasets/import?name=sums&workload=maths&file=sums.jsonl";
    let first = upload(&home, path, GOOD).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let first = first.json();
    assert_eq!((&first["items"], &first["added"]), (&json!(2), &json!(2)));
    assert_eq!(first["skipped"], json!([]));
    let second = upload(&home, path, GOOD).await.json();
    assert_eq!(second["version"], first["version"]);
    assert_eq!((&second["added"], &second["duplicate"]), (&json!(0), &json!(2)));

    let detail = home.get("/api/v1/datasets/sums").await.json();
    assert_eq!(detail["workload"], "maths");
    assert_eq!(detail["versions"].as_array().unwrap().len(), 1);
    assert_eq!(detail["versions"][0]["note"], "imported from sums.jsonl");
    assert_eq!(detail["sample"].as_array().unwrap().len(), 2);
    assert_eq!(home.get("/api/v1/datasets").await.json()["items"][0]["name"], "sums");
    assert_eq!(home.get("/api/v1/overview").await.json()["checklist"]["dataset"], true);
    assert_eq!(home.get("/api/v1/datasets/none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bad_rows_stop_an_import_unless_they_are_to_be_skipped() {
    let home = open().await;
    let path = "/api/v1/datasets/import?name=sums&file=sums.jsonl";
    let refused = upload(&home, path, MIXED).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "W0602".to_owned()));
    assert!(refused.message().contains("line 2"), "{}", refused.message());
    assert_eq!(home.get("/api/v1/datasets/sums").await.status, StatusCode::NOT_FOUND);
    let taken = upload(&home, &format!("{path}&skip_bad=true"), MIXED).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
    assert_eq!(taken.json()["skipped"][0]["line"], 2);
    let nothing = upload(&home, &format!("{path}&skip_bad=true"), "").await;
    assert_eq!(nothing.code(), "W0602");
}

#[tokio::test]
async fn columns_may_be_named_and_what_is_unknown_is_refused() {
    let home = open().await;
    let csv = "frage,antwort\n6*7?,42\n";
    let mapped =
        upload(&home, "/api/v1/datasets/preview?name=sums.csv&map=input:frage,expected:antwort", csv).await.json();
    assert_eq!(mapped["items"], 1, "{mapped}");
    for (query, word) in [
        ("name=sums&map=what", "map"),
        ("name=sums&workload=poems", "poems"),
        ("name=..%2Fetc", "name"),
        ("name=preview", "name"),
        ("file=sums.csv", "name"),
        ("name=sums&skip_bad=perhaps", "skip_bad"),
        ("name=sums&colour=red", "colour"),
    ] {
        let got = upload(&home, &format!("/api/v1/datasets/import?{query}"), GOOD).await;
        assert!(got.status.is_client_error(), "{query}: {got:?}");
        assert!(got.message().contains(word), "{query}: {}", got.message());
    }
    assert_eq!(home.get("/api/v1/datasets").await.json()["items"], json!([]));
}
