//! Datasets: previewed, imported, listed.

use std::io::Read as _;

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

/// Three items, the last one held out.
const SPLIT: &str = r#"{"weir":"dataset.v1","name":"sums","canary":"weir-canary-x"}
{"id":"a","input":"What is six times seven?","expected":"42"}
{"id":"b","input":"Name the capital of France.","expected":"Paris"}
{"id":"c","input":"Which year followed 1999?","expected":"2000","split":"heldout"}
"#;

#[tokio::test]
async fn items_are_listed_edited_and_published_and_versions_compared() {
    let home = open().await;
    let first = upload(&home, "/api/v1/datasets/import?name=sums&file=sums.jsonl", SPLIT).await.json();
    let page = home.get("/api/v1/datasets/sums/items?limit=2").await.json();
    assert_eq!((&page["total"], &page["version"]), (&json!(3), &first["version"]));
    assert_eq!(page["items"][0]["item"]["expected"], "42");
    let rest = home.get(&format!("/api/v1/datasets/sums/items?limit=2&cursor={}", page["next"])).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    assert_eq!((&rest["items"][0]["hidden"], &rest["items"][0]["item"]), (&json!(true), &json!(null)));

    // Looking is possible, and written down.
    let shown = home.get("/api/v1/datasets/sums/items/c?reveal=true").await.json();
    assert_eq!(shown["item"]["expected"], "2000");
    let detail = home.get("/api/v1/datasets/sums").await.json();
    assert_eq!(detail["heldout"]["reads"][0]["purpose"], "shown");
    assert_eq!(detail["splits"], json!([{"split": null, "items": 2}, {"split": "heldout", "items": 1}]));
    assert_eq!(detail["canary"], "weir-canary-x");

    let edit =
        json!({"items": [{"id": "a", "input": "What is six times eight?", "expected": "48"}, {"input": "2+2?"}]});
    let draft = home.post("/api/v1/datasets/sums/items", &edit).await;
    assert_eq!((draft.status, &draft.json()["items"]), (StatusCode::OK, &json!(4)), "{draft:?}");
    let taken =
        home.post("/api/v1/datasets/sums/take", &json!({"ids": ["b"], "reason": "known by heart"})).await.json();
    assert_eq!((&taken["items"], &taken["taken"]), (&json!(3), &json!(1)));
    assert_eq!(home.get("/api/v1/datasets/sums").await.json()["draft"], true);
    let diff = home.get("/api/v1/datasets/sums/diff?to=draft").await.json();
    assert_eq!(
        (&diff["added"], &diff["removed"], &diff["changed"], &diff["same"]),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    let published = home.post("/api/v1/datasets/sums/publish", &json!({"note": "mended"})).await;
    assert_eq!(published.status, StatusCode::OK, "{published:?}");
    let versions = home.get("/api/v1/datasets/sums/versions").await.json();
    assert_eq!((&versions["items"][0]["note"], &versions["items"][0]["parent"]), (&json!("mended"), &first["version"]));
    let diff = home.get("/api/v1/datasets/sums/diff").await.json();
    let kinds: Vec<_> = diff["items"].as_array().unwrap().iter().map(|item| (&item["id"], &item["kind"])).collect();
    assert_eq!(kinds[1..], [(&json!("a"), &json!("changed")), (&json!("b"), &json!("removed"))], "{diff}");

    let old = first["version"].as_str().unwrap();
    let again = home.get(&format!("/api/v1/datasets/sums/items?version={}&q=capital", &old[..8])).await.json();
    assert_eq!((&again["total"], &again["items"][0]["id"]), (&json!(1), &json!("b")));
    for path in ["items?version=none", "items?limit=0", "diff?from=none", "items/none"] {
        let got = home.get(&format!("/api/v1/datasets/sums/{path}")).await;
        assert!(got.status.is_client_error(), "{path}: {got:?}");
    }
    let nothing = home.post("/api/v1/datasets/sums/publish", &json!({})).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND, "{nothing:?}");
    assert_eq!(home.post("/api/v1/datasets/sums/items", &json!({"items": [{"input": ""}]})).await.code(), "W0106");
}

#[tokio::test]
async fn a_held_out_item_that_others_can_see_is_not_published() {
    let home = open().await;
    let path = "/api/v1/datasets/import?name=sums&file=sums.jsonl";
    let leak = format!("{SPLIT}{{\"id\":\"d\",\"input\":\"which year followed  1999?\"}}\n");
    let refused = upload(&home, path, &leak).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "W0604".to_owned()), "{refused:?}");
    assert!(refused.message().contains("`c`") && refused.message().contains("`d`"), "{}", refused.message());
    upload(&home, path, SPLIT).await;
    let copy = json!({"items": [{"id": "d", "input": "Which year followed 1999?"}]});
    home.post("/api/v1/datasets/sums/items", &copy).await;
    let refused = home.post("/api/v1/datasets/sums/publish", &json!({})).await;
    assert_eq!(refused.code(), "W0604");
    let check = home.get("/api/v1/datasets/sums/check?version=draft").await.json();
    assert_eq!((&check["leaks"][0]["id"], &check["leaks"][0]["of"]), (&json!("c"), &json!("d")));
    assert_eq!(check["near_total"], 1);
    home.post("/api/v1/datasets/sums/discard", &json!({})).await;
    assert_eq!(home.get("/api/v1/datasets/sums/check").await.json()["leaks_total"], 0);
}

#[tokio::test]
async fn an_export_is_read_back_as_the_same_version_and_what_is_purged_is_gone() {
    let home = open().await;
    let path = "/api/v1/datasets/import?name=sums&file=sums.jsonl";
    let first = upload(&home, path, SPLIT).await.json();
    for (form, file) in [("jsonl", "again.jsonl"), ("csv", "again.csv"), ("parquet", "again.parquet")] {
        let got = home.get(&format!("/api/v1/datasets/sums/export?format={form}")).await;
        assert!(got.body.windows(13).any(|part| part == b"weir-canary-x"), "{form}");
        let request = request(Method::POST, &format!("/api/v1/datasets/import?name=again&file={file}"));
        let again = home.send(request.body(Body::from(got.body)).unwrap()).await.json();
        assert_eq!(again["version"], first["version"], "{form}: {again}");
    }
    let some = home.get("/api/v1/datasets/sums/export?split=").await;
    assert!(!String::from_utf8(some.body.to_vec()).unwrap().contains("Which year"));

    let order = json!({"items": ["b"], "reason": "asked for"});
    assert_eq!(home.post("/api/v1/datasets/sums/purge", &order).await.json()["purged"], 1);
    let page = home.get("/api/v1/datasets/sums/items").await.json();
    assert_eq!((&page["items"][1]["purged"], &page["items"][1]["item"]), (&json!(true), &json!(null)));
    assert_eq!(home.post("/api/v1/datasets/sums/purge", &json!({"items": ["b"], "reason": " "})).await.code(), "W0106");
    let again = upload(&home, path, SPLIT).await.json();
    assert_eq!((&again["buried"], &again["items"]), (&json!(1), &json!(2)));
    assert_eq!(home.post("/api/v1/datasets/sums/delete", &json!({})).await.json()["items"][0]["name"], "again");
    assert_eq!(home.get("/api/v1/datasets/sums").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn inputs_must_fit_the_schema_of_their_dataset() {
    let home = open().await;
    let schema = r#"{"weir":"dataset.v1","input_schema":{"properties":{"messages":{"maxItems":1}}}}"#;
    let two = r#"{"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#;
    let text = format!("{schema}\n{{\"input\":\"one\"}}\n{two}\n");
    let refused = upload(&home, "/api/v1/datasets/import?name=one&file=one.jsonl", &text).await;
    assert!(refused.code() == "W0602" && refused.message().contains("line 3"), "{}", refused.message());
    upload(&home, "/api/v1/datasets/import?name=one&file=one.jsonl&skip_bad=true", &text).await;
    let item: serde_json::Value = serde_json::from_str(two).unwrap();
    let refused = home.post("/api/v1/datasets/one/items", &json!({"items": [item]})).await;
    assert!(refused.message().contains("input_schema"), "{}", refused.message());
}

#[tokio::test]
async fn an_export_reaches_those_who_take_it_compressed() {
    let home = open().await;
    upload(&home, "/api/v1/datasets/import?name=sums&file=sums.jsonl", SPLIT).await;
    let plain = home.get("/api/v1/datasets/sums/export").await;
    // A browser asks so.
    let asked = request(Method::GET, "/api/v1/datasets/sums/export").header("accept-encoding", "gzip");
    let got = home.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!(got.headers["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(got.body.as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(text.as_bytes(), plain.body.as_ref());
}
