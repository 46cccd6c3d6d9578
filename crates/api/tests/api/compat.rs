//! Other products' clients, where a call of theirs changes or forgets what an earlier one made.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use weir_store::{NewDataset, NewItem};

use crate::fixture::{DEV, Got, Home, keyed, open, record, request, span_id};

async fn send(home: &Home, method: Method, path: &str, body: &Value) -> Got {
    let request = request(method, path).header("content-type", "application/json");
    home.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn an_eval_is_renamed_and_a_run_is_forgotten_with_its_items() {
    let home = open().await;
    let new = json!({
        "name": "first",
        "data_source_config": {"type": "custom", "item_schema": {"type": "object"}},
        "testing_criteria": [{"type": "string_check", "name": "eq", "input": "{{item.a}}", "reference": "x", "operation": "eq"}],
    });
    let made = home.post("/v1/evals", &new).await.json();
    let eval = format!("/v1/evals/{}", made["id"].as_str().unwrap());
    let changed = home.post(&eval, &json!({"name": "second", "metadata": {"k": "v"}})).await.json();
    assert_eq!((&changed["name"], &changed["metadata"]), (&json!("second"), &json!({"k": "v"})));
    assert_eq!(changed["testing_criteria"], made["testing_criteria"]);
    assert_eq!(home.get(&eval).await.json(), changed);
    assert_eq!(home.post(&eval, &json!({"name": 7})).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(home.post("/v1/evals/eval_none", &json!({"name": "a"})).await.status, StatusCode::NOT_FOUND);

    let source = json!({"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {"a": "x"}}]}});
    let run = home.post(&format!("{eval}/runs"), &json!({"data_source": source})).await.json();
    let id = run["id"].as_str().unwrap();
    let path = format!("{eval}/runs/{id}");
    let refused = send(&home, Method::DELETE, &path, &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");

    // What the jobs would have written.
    for item in ["outputitem_1", "outputitem_2"] {
        home.store.compat_put("openai.item", "local", item, id, "{\"status\":\"pass\"}").await.unwrap();
    }
    home.post(&format!("{path}/cancel"), &json!({})).await;
    let item = home.get(&format!("{path}/output_items/outputitem_1")).await.json();
    assert_eq!((&item["id"], &item["status"]), (&json!("outputitem_1"), &json!("pass")));
    let other = home.get(&format!("{eval}/runs/evalrun_other/output_items/outputitem_1")).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "it is another run's");
    let gone = send(&home, Method::DELETE, &path, &json!({})).await.json();
    assert_eq!((&gone["deleted"], &gone["run_id"]), (&json!(true), &json!(id)));
    for path in [path.clone(), format!("{path}/output_items/outputitem_1")] {
        assert_eq!(home.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_score_config_changes_in_what_is_given_and_stays_sound() {
    let home = open().await;
    let new = json!({"name": "acc", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1});
    let made = home.post("/api/public/score-configs", &new).await.json();
    let path = format!("/api/public/score-configs/{}", made["id"].as_str().unwrap());
    let changed = send(&home, Method::PATCH, &path, &json!({"maxValue": 5, "isArchived": true, "name": null})).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let changed = changed.json();
    assert_eq!(
        (&changed["name"], &changed["maxValue"], &changed["isArchived"]),
        (&json!("acc"), &json!(5), &json!(true))
    );
    for wrong in [json!({"maxValue": -1}), json!({"name": ""}), json!({"isArchived": "yes"}), json!({"maxValue": "x"})]
    {
        let refused = send(&home, Method::PATCH, &path, &wrong).await;
        assert!(refused.status.is_client_error(), "{wrong}: {refused:?}");
    }
    assert_eq!(home.get(&path).await.json(), changed);
}

#[tokio::test]
async fn annotations_of_spans_are_read_back_as_they_were_sent() {
    let home = open().await;
    home.record(&[1, 2].map(|n| record(n, "sim/small"))).await;
    let (one, two) = (span_id(1).to_string(), span_id(2).to_string());
    let annotation = |span: &str, name: &str, identifier: &str, score: f64| {
        json!({"span_id": span, "name": name, "annotator_kind": "LLM", "identifier": identifier,
               "result": {"label": "good", "score": score, "explanation": "why"}, "metadata": {"k": [1]}})
    };
    let sent = [
        annotation(&one, "calm", "", 0.25),
        annotation(&one, "calm", "second", 0.5),
        annotation(&one, "note", "", 1.0),
        annotation(&two, "calm", "", 0.75),
    ];
    let ids = home.post("/v1/span_annotations", &json!({"data": sent})).await.json();
    // The same again, with another score: it takes the place of the first.
    let again = json!({"data": [annotation(&one, "calm", "", 0.125)]});
    assert_eq!(home.post("/v1/span_annotations", &again).await.json()["data"][0], ids["data"][0]);

    let read = async |query: &str| home.get(&format!("/v1/projects/any/span_annotations?{query}")).await.json();
    let all = read(&format!("span_ids={one}&span_ids={two}")).await;
    assert_eq!(all["next_cursor"], Value::Null);
    let told: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|one| (&one["id"], &one["result"]["score"])).collect();
    let scores = [0.125, 0.5, 1.0, 0.75].map(Value::from);
    let want: Vec<_> = (0..4).map(|nth| (&ids["data"][nth]["id"], &scores[nth])).collect();
    assert_eq!(told, want);
    let second = &all["data"][1];
    for key in ["span_id", "name", "annotator_kind", "identifier", "result", "metadata"] {
        assert_eq!(second[key], sent[1][key], "{key}");
    }
    assert_eq!((&second["source"], &second["created_at"]), (&json!("API"), &json!("2026-11-21T00:00:00.000Z")));

    let names = async |query: &str| {
        let read = read(&format!("span_ids={one}&span_ids={two}&{query}")).await;
        let names = read["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(" "), read["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(names("exclude_annotation_names=note").await.0, "calm calm calm");
    assert_eq!(names("include_annotation_names=note").await.0, "note");
    let (page, cursor) = names("limit=3").await;
    assert_eq!(page, "calm calm note");
    assert_eq!(names(&format!("limit=3&cursor={}", cursor.unwrap())).await, ("calm".to_owned(), None));
    assert_eq!(read("span_ids=00000000000000ff").await["data"], json!([]), "of what is not here there are none");
    assert_eq!(home.get("/v1/projects/any/span_annotations").await.code(), "W0106");
    let wrong = json!({"data": [{"span_id": one, "name": "x", "annotator_kind": "CAT", "result": {"score": 1}}]});
    assert!(home.post("/v1/span_annotations", &wrong).await.message().contains("`data[0].annotator_kind` is `CAT`"));

    // Held out since: words beside it are shut as its own are.
    let body = format!("{{\"id\":\"a\",\"input\":\"w\",\"source\":{{\"span_id\":\"{one}\"}}}}");
    let (split, new) = (Some("heldout".into()), NewDataset { name: "d".into(), ..NewDataset::default() });
    let item = NewItem { id: "a".into(), hash: "a".into(), input_hash: "a".into(), split, body };
    home.store.dataset_publish(&new, &[item]).await.unwrap();
    let shut = read(&format!("span_ids={one}&span_ids={two}")).await;
    assert_eq!((&shut["data"][0]["result"]["explanation"], &shut["data"][0]["metadata"]), (&Value::Null, &json!({})));
    assert_eq!(shut["data"][3]["result"]["explanation"], json!("why"));
}

#[tokio::test]
async fn a_key_reads_its_own_annotations_alone() {
    let home = keyed().await;
    home.record(&[record(1, "sim/small")]).await;
    let one = span_id(1).to_string();
    let sent = json!({"data": [{"span_id": one, "name": "calm", "annotator_kind": "HUMAN", "result": {"score": 1}}]});
    home.post("/v1/span_annotations", &sent).await;
    let path = format!("/v1/projects/p/span_annotations?span_ids={one}");
    assert_eq!(home.get(&path).await.json()["data"][0]["name"], json!("calm"));
    let other = axum::http::Request::builder().uri(&path).header("host", "localhost:8080");
    let other = other.header("authorization", format!("Bearer {DEV}")).body(Body::empty()).unwrap();
    assert_eq!(home.send(other).await.json()["data"], json!([]));
}
