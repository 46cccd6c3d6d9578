//! Grades from outside: end users by token, other products' clients, and spans that weir did not route.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{Caller, MATHS, Reply, Rig, eventually, item};

async fn post(caller: &Caller, path: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json")];
    caller.send(Method::POST, path, &headers, body.to_string()).await.unwrap()
}

async fn scores(caller: &Caller, span: &str, name: &str) -> Vec<Value> {
    let trace = caller.trace(span).await;
    trace["scores"].as_array().unwrap().iter().filter(|score| score["scorer"] == name).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_user_votes_on_the_one_answer_they_were_given_and_may_think_again() {
    let rig = Rig::start(&format!("{MATHS}[keys.ops]\nsecret = \"env:KEY_OPS\"\ngrant = \"admin\"\n")).await;
    let key = crate::rig::secret("KEY_OPS").unwrap();
    let key = format!("Bearer {key}");
    let ask = async |number| {
        let body = crate::rig::ask("weir/maths", &item(number).0);
        rig.chat_with(&[("authorization", &key)], body).await.expect(200)
    };
    let (mine, other) = (ask(1).await, ask(2).await);
    let token = mine.header("x-weir-feedback-token").to_owned();
    let vote = async |span: &str, token: &str, value: Value| {
        let body = json!({"span_id": span, "value": value, "comment": "thanks"}).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("origin", "https://shop.example"),
            ("x-weir-feedback-token", token),
        ];
        rig.send(Method::POST, "/v1/feedback", &headers, body).await.unwrap()
    };
    let up = vote(mine.span(), &token, json!("up")).await.expect(200);
    assert_eq!((&up.json()["value"], up.header("access-control-allow-origin")), (&json!(1.0), "*"));
    vote(mine.span(), &token, json!(2)).await.expect(200);
    let trace = eventually("the vote is there", async || {
        let headers = [("authorization", key.as_str())];
        let path = format!("/api/v1/traces/{}", mine.span());
        let trace = rig.send(Method::GET, &path, &headers, "").await.unwrap();
        (trace.status == 200).then(|| trace.json())
    })
    .await;
    let votes: Vec<&Value> =
        trace["scores"].as_array().unwrap().iter().filter(|score| score["scorer"] == "feedback").collect();
    assert_eq!(votes.len(), 1, "the second vote takes the place of the first: {votes:?}");
    assert_eq!((&votes[0]["value"], &votes[0]["explanation"]), (&json!(0.25), &json!("thanks")));

    // The window too knows one vote, the second: 0.25 beside a prior of twenty halves.
    let wanted = (0.25 + 10.0) / 21.0;
    eventually("the window holds the second vote alone", async || {
        let headers = [("authorization", key.as_str())];
        let windows = rig.send(Method::GET, "/api/v1/workloads/maths/windows", &headers, "").await.unwrap().json();
        let votes = windows["items"].as_array().unwrap().iter().find(|window| window["scorer"] == "feedback")?;
        (votes["n"] == 1 && (votes["mean"].as_f64().unwrap() - wanted).abs() < 1e-6).then_some(())
    })
    .await;

    // Another answer, another token, no token, no vote.
    vote(other.span(), &token, json!("up")).await.expect(403);
    let forged = token.replace(char::is_numeric, "0");
    vote(mine.span(), &forged, json!("up")).await.expect(403);
    vote(mine.span(), &token, json!(7)).await.expect(400);
    post(&rig, "/v1/feedback", &json!({"span_id": mine.span(), "value": "up"})).await.expect(401);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_of_another_program_is_scored_like_our_own_and_is_no_traffic() {
    let rig = Rig::start(MATHS).await;
    let (question, answer) = item(5);
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let export = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "maths")]},
        "scopeSpans": [{"spans": [
            {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "chat",
             "startTimeUnixNano": "1795219200000000000", "endTimeUnixNano": "1795219200250000000",
             "attributes": [
                text("openinference.span.kind", "LLM"), text("llm.provider", "acme"), text("llm.model_name", "m1"),
                text("llm.input_messages.0.message.role", "user"),
                text("llm.input_messages.0.message.content", &question),
                text("llm.output_messages.0.message.content", &answer)]},
            {"traceId": "", "spanId": "", "name": "broken", "startTimeUnixNano": "1", "endTimeUnixNano": "2",
             "attributes": [text("gen_ai.request.model", "m1")]},
        ]}],
    }]});
    let reply = post(&rig, "/v1/traces", &export).await.expect(200).json();
    assert_eq!(reply["partialSuccess"]["rejectedSpans"], json!("1"), "{reply}");
    let row = eventually("the span is there", async || {
        rig.api("/traces?origin=external").await["items"].as_array().unwrap().first().cloned()
    })
    .await;
    let span = row["span_id"].as_str().unwrap();
    assert!(span.ends_with("eee19b7ec3c1b174"), "{row}");
    let trace = rig.scored(span).await;
    assert_eq!((&trace["scores"][0]["scorer"], &trace["scores"][0]["value"]), (&json!("exact"), &json!(1.0)));
    let windows = rig.api("/workloads/maths/windows").await;
    assert!(windows["items"].as_array().unwrap().iter().all(|window| window["segment"] == "external"), "{windows}");
    // The same export again stores nothing twice.
    post(&rig, "/v1/traces", &export).await.expect(200);

    // Other products' clients grade it by their own name for it.
    let data = json!({"data": [{"span_id": "eee19b7ec3c1b174", "name": "tone", "annotator_kind": "HUMAN",
                               "result": {"label": "good", "score": 0.75}}]});
    post(&rig, "/v1/span_annotations", &data).await.expect(200);
    let metric = json!({"metric_name": "solved", "inference_id": span, "value": true, "tags": {}});
    post(&rig, "/feedback", &metric).await.expect(200);
    let of_trace = json!({"name": "kind", "traceId": "5b8efff798038103d269b633813fc60c", "value": 0.5});
    let id = post(&rig, "/api/public/scores", &of_trace).await.expect(200).json()["id"].clone();
    for (name, value) in [("tone", 0.75), ("solved", 1.0), ("kind", 0.5)] {
        assert_eq!(scores(&rig, span, name).await[0]["value"], json!(value), "{name}");
    }
    let listed = rig.get("/api/public/v3/scores?name=kind&valueMin=0.4").await.expect(200).json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["dataType"]), (&id, &json!("NUMERIC")), "{listed}");
    assert_eq!(rig.api("/traces?origin=external").await["items"].as_array().unwrap().len(), 1);

    for (path, body, status) in [
        (
            "/v1/span_annotations",
            json!({"data": [{"span_id": "0000000000000001", "name": "x", "result": {"score": 1}}]}),
            404,
        ),
        ("/v1/span_annotations", json!({"data": [{"span_id": span, "name": "x", "result": {}}]}), 400),
        ("/feedback", json!({"metric_name": "x", "inference_id": span, "value": 7}), 400),
        ("/feedback", json!({"metric_name": "exact", "inference_id": span, "value": 1}), 400),
        ("/api/public/scores", json!({"name": "x", "value": 1}), 400),
        ("/api/public/scores", json!({"name": "x", "traceId": "t", "dataType": "BOOLEAN", "value": 0.5}), 400),
    ] {
        post(&rig, path, &body).await.expect(status);
    }
    let headers = [("content-type", "text/plain")];
    rig.send(Method::POST, "/v1/traces", &headers, "x").await.unwrap().expect(415);
    rig.stop().await;
}
