//! OpenAI's files, graders and pages of evals, in the shapes that their client reads.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};

use crate::fixture::{DEV, Got, Home, OTHER, keyed, open};

const CHECK: &str = r#"{"type": "string_check", "name": "eq", "input": "{{sample.output_text}}",
                        "reference": "{{item.a}}", "operation": "eq"}"#;

fn check() -> Value {
    serde_json::from_str(CHECK).unwrap()
}

fn request(key: &str, method: Method, path: &str, media: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", media)
}

async fn by(home: &Home, key: &str, method: Method, path: &str, body: &Value) -> Got {
    let request = request(key, method, path, "application/json");
    home.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// A form as their client writes it.
async fn upload(home: &Home, key: &str, fields: &[(&str, &str)], file: Option<&str>) -> Got {
    let mut form = String::new();
    for (name, value) in fields {
        form += &format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some(file) = file {
        form += "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\
                 content-type: application/octet-stream\r\n\r\n";
        form += file;
        form += "\r\n";
    }
    form += "--cut--\r\n";
    let request = request(key, Method::POST, "/v1/files", "multipart/form-data; boundary=cut");
    home.send(request.body(Body::from(form)).unwrap()).await
}

async fn eval(home: &Home, key: &str) -> String {
    let config = json!({"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": true});
    let new = json!({"name": "e", "data_source_config": config, "testing_criteria": [check()]});
    let made = by(home, key, Method::POST, "/v1/evals", &new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_kept_for_its_sender_and_is_the_rows_of_a_run() {
    let home = keyed().await;
    let rows = "{\"item\":{\"a\":\"x\"},\"sample\":{\"output_text\":\"x\"}}\n";
    let fields = [("purpose", "evals"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")];
    let file = upload(&home, DEV, &fields, Some(rows)).await.json();
    assert_eq!(
        (&file["object"], &file["filename"], &file["bytes"], &file["purpose"]),
        (&json!("file"), &json!("rows.jsonl"), &json!(rows.len()), &json!("evals"))
    );
    assert_eq!(file["expires_at"].as_i64().unwrap() - file["created_at"].as_i64().unwrap(), 3_600);
    let id = file["id"].as_str().unwrap();
    let path = format!("/v1/files/{id}");
    assert_eq!(by(&home, DEV, Method::GET, &path, &json!({})).await.json(), file);
    let content = by(&home, DEV, Method::GET, &format!("{path}/content"), &json!({})).await;
    assert_eq!(content.text(), rows);
    let other = upload(&home, DEV, &[("purpose", "batch")], Some("words")).await.json();
    let listed = by(&home, DEV, Method::GET, "/v1/files?purpose=evals", &json!({})).await.json();
    assert_eq!((&listed["data"], &listed["has_more"]), (&json!([file]), &json!(false)));
    let first = by(&home, DEV, Method::GET, "/v1/files?order=asc&limit=1", &json!({})).await.json();
    assert_eq!((&first["data"], &first["has_more"]), (&json!([file]), &json!(true)));
    let next = by(&home, DEV, Method::GET, &format!("/v1/files?order=asc&after={id}"), &json!({})).await.json();
    assert_eq!(next["data"], json!([other]));

    for (method, path) in
        [(Method::GET, path.clone()), (Method::GET, format!("{path}/content")), (Method::DELETE, path.clone())]
    {
        assert_eq!(by(&home, OTHER, method, &path, &json!({})).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let run = |file: &str| json!({"data_source": {"type": "jsonl", "source": {"type": "file_id", "id": file}}});
    let theirs = eval(&home, OTHER).await;
    let refused = by(&home, OTHER, Method::POST, &format!("/v1/evals/{theirs}/runs"), &run(id)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "another key's file is none of theirs");
    let own = format!("/v1/evals/{}/runs", eval(&home, DEV).await);
    let taken = by(&home, DEV, Method::POST, &own, &run(id)).await;
    assert_eq!((taken.status, &taken.json()["status"]), (StatusCode::CREATED, &json!("queued")));
    let words = by(&home, DEV, Method::POST, &own, &run(other["id"].as_str().unwrap())).await;
    assert_eq!(words.status, StatusCode::BAD_REQUEST);
    let message = words.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("line 1"), "{message}");

    assert_eq!(by(&home, DEV, Method::DELETE, &path, &json!({})).await.json()["deleted"], json!(true));
    assert_eq!(by(&home, DEV, Method::GET, &path, &json!({})).await.status, StatusCode::NOT_FOUND);
    let gone = by(&home, DEV, Method::POST, &own, &run(id)).await.json();
    assert!(gone["error"]["message"].as_str().unwrap().contains("upload it"), "{gone}");
}

#[tokio::test]
async fn a_form_that_is_no_file_is_refused_with_what_is_wanted() {
    let home = keyed().await;
    for (fields, file, want) in [
        (vec![("purpose", "evals")], None, "`file`: wanted a file"),
        (vec![("purpose", "evals")], Some(""), "`file` is empty"),
        (vec![], Some("x"), "`purpose` is ``, wanted one of assistants"),
        (vec![("purpose", "fun")], Some("x"), "`purpose` is `fun`"),
        (vec![("purpose", "evals"), ("expires_after[seconds]", "3600")], Some("x"), "wanted `created_at`"),
        (
            vec![("purpose", "evals"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "60")],
            Some("x"),
            "wanted 3600 to 2592000",
        ),
    ] {
        let refused = upload(&home, DEV, &fields, file).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(want), "{want}: {message}");
    }
    let plain = by(&home, DEV, Method::POST, "/v1/files", &json!({})).await;
    assert_eq!(plain.status, StatusCode::BAD_REQUEST);
    assert!(plain.json()["error"]["message"].as_str().unwrap().contains("multipart/form-data"));
    let large = upload(&home, DEV, &[("purpose", "evals")], Some(&"x".repeat((32 << 20) + 1))).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn lists_are_in_the_order_and_of_the_status_that_is_asked_for() {
    let home = open().await;
    let made: Vec<String> = vec![eval(&home, "").await, eval(&home, "").await, eval(&home, "").await];
    let ids = async |path: &str| {
        let listed = home.get(path).await;
        assert_eq!(listed.status, StatusCode::OK, "{path} {listed:?}");
        let data = listed.json()["data"].as_array().unwrap().clone();
        data.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of = |nths: &[usize]| nths.iter().map(|nth| made[*nth].clone()).collect::<Vec<_>>();
    assert_eq!(ids("/v1/evals").await, of(&[0, 1, 2]));
    assert_eq!(ids("/v1/evals?order=desc").await, of(&[2, 1, 0]));
    assert_eq!(ids(&format!("/v1/evals?order=desc&limit=1&after={}", made[2])).await, of(&[1]));
    assert_eq!(ids(&format!("/v1/evals?after={}", made[1])).await, of(&[2]));
    home.clock.advance(std::time::Duration::from_secs(1));
    home.post(&format!("/v1/evals/{}", made[1]), &json!({"name": "later"})).await;
    assert_eq!(ids("/v1/evals?order_by=updated_at&order=desc").await, of(&[1, 2, 0]));

    let runs = format!("/v1/evals/{}/runs", made[0]);
    let source = json!({"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {"a": "x"}}]}});
    let mut started = Vec::new();
    for _ in 0..2 {
        let run = home.post(&runs, &json!({"data_source": source})).await.json();
        started.push(run["id"].as_str().unwrap().to_owned());
    }
    home.post(&format!("{runs}/{}/cancel", started[0]), &json!({})).await;
    assert_eq!(ids(&runs).await, started);
    assert_eq!(ids(&format!("{runs}?status=canceled")).await, started[..1]);
    assert_eq!(ids(&format!("{runs}?status=queued")).await, started[1..]);
    let items = format!("{runs}/{}/output_items", started[0]);
    for (id, status) in [("o1", "pass"), ("o2", "fail"), ("o3", "pass")] {
        let body = json!({"status": status}).to_string();
        home.store.compat_put("openai.item", "local", id, &started[0], &body).await.unwrap();
    }
    assert_eq!(ids(&items).await, ["o1", "o2", "o3"]);
    assert_eq!(ids(&format!("{items}?status=pass&order=desc")).await, ["o3", "o1"]);
    assert_eq!(ids(&format!("{items}?status=failed")).await, ["o2"]);

    for (path, want) in [
        (format!("{items}?status=good"), "`status` is `good`, wanted one of pass, fail, error"),
        (format!("{items}?after=o9"), "there is no `o9`"),
        (format!("{runs}?status=pass"), "wanted one of queued"),
    ] {
        let refused = home.get(&path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(refused.text().contains(want), "{}", refused.text());
    }
    assert_eq!(home.get("/v1/evals?order=up").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(home.get("/v1/evals/eval_none/runs").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_grader_is_checked_and_tried_on_one_sample() {
    let home = keyed().await;
    let run = async |grader: &Value, sample: &str, item: Value| {
        let order = json!({"grader": grader, "model_sample": sample, "item": item});
        by(&home, DEV, Method::POST, "/v1/fine_tuning/alpha/graders/run", &order).await
    };
    let validate =
        async |grader: &Value| by(&home, DEV, Method::POST, "/v1/fine_tuning/alpha/graders/validate", grader).await;
    let ran = run(&check(), "x", json!({"a": "x"})).await.json();
    assert_eq!(
        (&ran["reward"], &ran["metadata"]["type"], &ran["metadata"]["name"]),
        (&json!(1.0), &json!("string_check"), &json!("eq"))
    );
    assert_eq!(run(&check(), "y", json!({"a": "x"})).await.json()["reward"], json!(0.0));

    let judge =
        json!({"type": "score_model", "name": "s", "model": "sim/small", "input": [{"role": "user", "content": "?"}]});
    let ran = run(&judge, "x", json!({})).await.json();
    assert_eq!((&ran["reward"], &ran["metadata"]["sampled_model_name"]), (&json!(0.5), &json!("sim/small")));
    assert_eq!(ran["model_grader_token_usage_per_model"], json!({"dev": 7}), "it was asked on the key's behalf");
    let silent = run(&judge, "x", json!({"silent": true})).await.json();
    assert_eq!(
        (&silent["reward"], &silent["metadata"]["errors"]["model_grader_refusal_error"]),
        (&Value::Null, &json!(true))
    );

    let multi =
        json!({"type": "multi", "name": "m", "graders": {"a": check(), "b": judge}, "calculate_output": "(a + b) / 2"});
    let ran = run(&multi, "x", json!({"a": "x"})).await.json();
    assert_eq!((&ran["reward"], &ran["sub_rewards"]), (&json!(0.25), &json!({"a": 0.25, "b": 0.25})));

    for grader in [&check(), &judge, &multi] {
        assert_eq!(validate(&json!({"grader": grader})).await.json(), json!({"grader": grader}));
    }
    let python = json!({"type": "python", "name": "p", "source": "def grade(sample, item): return 1.0"});
    for refused in [validate(&json!({"grader": python})).await, run(&python, "x", json!({})).await] {
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("starts no foreign programs") && message.contains("`multi`"), "{message}");
    }
    let near = json!({
        "type": "text_similarity", "name": "near", "input": "{{sample.output_text}}", "reference": "{{item.a}}",
        "evaluation_metric": "cosine"
    });
    for refused in [validate(&json!({"grader": near})).await, run(&near, "x", json!({"a": "x"})).await] {
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("nothing says who makes them"), "{message}");
    }
    assert_eq!(validate(&json!({"grader": {"type": "string_check"}})).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_purge_names_files_that_hold_what_it_destroys_and_deletes_them_on_demand() {
    let home = keyed().await;
    let row = "{\"item\":{\"a\":\"who is \\u0041na?\"}}\n";
    let kept = upload(&home, DEV, &[("purpose", "evals")], Some("{\"item\":{\"a\":\"who is Ben?\"}}\n")).await.json();
    let order = |files: bool| json!({"items": ["q"], "reason": "asked for", "files": files});
    for files in [false, true] {
        let file = upload(&home, DEV, &[("purpose", "evals")], Some(row)).await.json();
        let name = if files { "second" } else { "first" };
        // The same item in two datasets is one content: a second purge of it would find nothing to look for.
        let item = json!({"items": [{"id": "q", "input": "who is Ana?", "metadata": {"of": name}}]});
        assert_eq!(home.post(&format!("/api/v1/datasets/{name}/items"), &item).await.status, StatusCode::OK);
        let told = home.post(&format!("/api/v1/datasets/{name}/purge"), &order(files)).await.json();
        let (named, other) = if files { ("files", "files_left") } else { ("files_left", "files") };
        let found = told[named].as_array().unwrap();
        let shown = json!({"id": file["id"], "name": "rows.jsonl", "key": "dev"});
        assert!(found.contains(&shown) && told[other] == json!([]), "{told}");
        let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
        let there = by(&home, DEV, Method::GET, &path, &json!({})).await.status;
        assert_eq!(there == StatusCode::NOT_FOUND, files, "{there}");
    }
    let path = format!("/v1/files/{}", kept["id"].as_str().unwrap());
    assert_eq!(by(&home, DEV, Method::GET, &path, &json!({})).await.status, StatusCode::OK);
}
