//! Stored responses: answered by any provider, fetched, continued and deleted by the key that asked.

use http::Method;
use serde_json::{Value, json};

use crate::{
    client::{self, Reply},
    rig::{Rig, Setup},
};

const DEPLOYMENTS: [&str; 4] = ["sim/large", "responses", "claude", "gemini"];
const KEYS: &str =
    "[keys.dev]\nsecret = \"env:DEV\"\ngrant = \"caller\"\n[keys.ops]\nsecret = \"env:OPS\"\ngrant = \"caller\"\n";
const DEV: (&str, &str) = ("authorization", "Bearer dev-secret-0123456789");
const OPS: (&str, &str) = ("authorization", "Bearer ops-secret-0123456789");

async fn keyed() -> Rig {
    Rig::with(Setup { keys: KEYS, ..Setup::default() }).await
}

async fn create(rig: &Rig, key: (&str, &str), body: &Value) -> Reply {
    client::send(rig.addr, client::request(Method::POST, "/v1/responses", &[key], body.to_string())).await
}

async fn get(rig: &Rig, key: (&str, &str), path: &str) -> Reply {
    rig.get(&format!("/v1/responses/{path}"), &[key]).await
}

/// The response of a stream's last event.
fn streamed(reply: &Reply) -> Value {
    let last = reply.events().pop().expect("an event");
    let event: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(event["type"], "response.completed", "{last}");
    event["response"].clone()
}

/// What the provider was sent last.
fn sent(rig: &Rig) -> Value {
    let seen = rig.sim.take_requests().pop().expect("a request");
    serde_json::from_slice(&seen.body).expect("JSON")
}

#[tokio::test]
async fn a_conversation_goes_on_from_a_response_whoever_answers_it() {
    let rig = keyed().await;
    for first in DEPLOYMENTS {
        for second in DEPLOYMENTS {
            for stream in [false, true] {
                let case = format!("{first} then {second}, streamed {stream}");
                let body = json!({
                    "model": first, "input": "my name is Ada", "stream": stream, "metadata": {"case": "one"},
                });
                let reply = create(&rig, DEV, &body).await;
                assert_eq!(reply.status, 200, "{case}: {}", reply.body);
                let one = if stream { streamed(&reply) } else { reply.json() };
                let id = one["id"].as_str().unwrap();
                assert_eq!((&one["store"], &one["previous_response_id"]), (&json!(true), &Value::Null), "{case}");
                if stream {
                    assert!(reply.events()[0].contains(id), "{case}: every event has the same id");
                }
                // Fetched, it is what was answered.
                assert_eq!(get(&rig, DEV, id).await.json(), one, "{case}");
                drop(rig.sim.take_requests());

                let body = json!({"model": second, "input": "and who am I?", "previous_response_id": id});
                let two = create(&rig, DEV, &body).await;
                assert_eq!(two.status, 200, "{case}: {}", two.body);
                let two = two.json();
                assert_eq!(two["previous_response_id"], id, "{case}");
                let sent = sent(&rig).to_string();
                let places = ["my name is Ada", "a simulated model", "and who am I?"].map(|text| sent.find(text));
                assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{case}: {sent}");
                assert!(!sent.contains("previous_response_id"), "{case}: {sent}");

                let path = format!("{}/input_items?order=asc", two["id"].as_str().unwrap());
                let items = get(&rig, DEV, &path).await.json();
                let roles: Vec<_> = items["data"].as_array().unwrap().iter().map(|item| item["role"].clone()).collect();
                assert_eq!(roles, ["user", "assistant", "user"], "{case}");
            }
        }
    }
    assert_eq!(rig.sink.wait(64).await.len(), 64, "fetching is not recorded");
}

#[tokio::test]
async fn tools_and_thoughts_are_part_of_what_is_kept() {
    let rig = keyed().await;
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!([{"type": "function", "name": "get_weather", "parameters": parameters}]);
    for model in DEPLOYMENTS {
        let reasoning = json!({"effort": "low"});
        let mut body = json!({"model": model, "input": "please get_weather", "tools": tools, "stream": true});
        if model != "sim/large" {
            body["reasoning"] = reasoning;
        }
        let reply = create(&rig, DEV, &body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        let first = streamed(&reply);
        let call = first["output"].as_array().unwrap().iter().find(|item| item["type"] == "function_call").unwrap();
        let output = json!({"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"});
        body["input"] = json!([output]);
        body["previous_response_id"] = first["id"].clone();
        body["stream"] = false.into();
        let reply = create(&rig, DEV, &body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        let sent = sent(&rig).to_string();
        assert!(sent.contains("sunny") && sent.contains("get_weather"), "{model}: {sent}");
        assert!(model == "sim/large" || sent.contains("sim-"), "{model}: its own signed thought comes back: {sent}");
        // An item that is named stands for itself.
        let named = json!([{"type": "item_reference", "id": call["id"]}, output]);
        let reply = create(&rig, DEV, &json!({"model": model, "input": named, "tools": tools, "store": false})).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        assert_eq!(get(&rig, DEV, reply.json()["id"].as_str().unwrap()).await.status, 404, "{model}: not stored");
    }
}

#[tokio::test]
async fn a_response_belongs_to_its_key_until_it_is_deleted() {
    let rig = keyed().await;
    let one = create(&rig, DEV, &json!({"model": "sim/large", "input": "hello"})).await.json();
    let two = json!({"model": "sim/large", "input": "more", "previous_response_id": one["id"]});
    let two = create(&rig, DEV, &two).await.json();
    let (id, next) = (one["id"].as_str().unwrap(), two["id"].as_str().unwrap());
    let go_on = |from: &str| json!({"model": "sim/large", "input": "more", "previous_response_id": from});
    let delete = async |key| {
        let path = format!("/v1/responses/{id}");
        client::send(rig.addr, client::request(Method::DELETE, &path, &[key], "")).await
    };
    assert_eq!(get(&rig, OPS, id).await.status, 404);
    assert_eq!(get(&rig, OPS, &format!("{id}/input_items")).await.status, 404);
    assert_eq!(delete(OPS).await.status, 404);
    let refused = create(&rig, OPS, &go_on(id)).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]["message"].as_str().unwrap().contains("$.previous_response_id"),
        "{}",
        refused.body
    );
    assert_eq!(get(&rig, DEV, id).await.status, 200, "nobody else's deletion counts");

    let deleted = json!({"id": id, "object": "response", "deleted": true});
    assert_eq!(delete(DEV).await.json(), deleted);
    assert_eq!(delete(DEV).await.status, 404);
    assert_eq!(get(&rig, DEV, id).await.status, 404);
    assert_eq!(get(&rig, DEV, next).await.status, 200);
    let refused = create(&rig, DEV, &go_on(next)).await;
    assert!(refused.status == 400 && refused.body.contains(id), "half a conversation is none: {}", refused.body);
}

#[tokio::test]
async fn lists_have_pages_and_nonsense_is_refused_where_it_is() {
    let rig = Rig::start().await;
    let none = ("accept", "*/*");
    let items: Vec<Value> = (0..5).map(|nth| json!({"role": "user", "content": format!("turn {nth}")})).collect();
    let id = create(&rig, none, &json!({"model": "sim/large", "input": items})).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    let page = async |query: &str| get(&rig, none, &format!("{id}/input_items?{query}")).await;
    let first = page("limit=2").await.json();
    assert_eq!((&first["has_more"], &first["data"][0]["content"][0]["text"]), (&json!(true), &json!("turn 4")));
    let rest = page(&format!("limit=9&after={}", first["last_id"].as_str().unwrap())).await.json();
    assert_eq!((&rest["has_more"], rest["data"].as_array().unwrap().len()), (&json!(false), 3));
    for query in ["limit=0", "limit=101", "limit=x", "order=up", "after=nobody"] {
        assert_eq!(page(query).await.status, 400, "{query}");
    }
    assert_eq!(get(&rig, none, &format!("{id}?stream=true")).await.status, 400);
    for (body, path) in [
        (json!({"store": "yes"}), "$.store"),
        (json!({"previous_response_id": 7}), "$.previous_response_id"),
        (json!({"previous_response_id": "resp_none"}), "$.previous_response_id"),
        (json!({"input": [{"type": "item_reference", "id": "msg_none"}]}), "$.input[0].id"),
        (json!({"background": true}), "$.background"),
    ] {
        let mut whole = json!({"model": "sim/large", "input": "hi"});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let reply = create(&rig, none, &whole).await;
        let message = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(reply.status == 400 && message.contains(path), "{body}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_conversation_over_the_bound_of_a_body_is_refused() {
    let limits = weir_gateway::Limits { body_bytes: 4_000, ..Default::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    let none = ("accept", "*/*");
    let mut body = json!({"model": "sim/large", "input": "x".repeat(2_000)});
    let first = create(&rig, none, &body).await.json();
    body["previous_response_id"] = first["id"].clone();
    let reply = create(&rig, none, &body).await;
    assert_eq!(reply.status, 413, "{}", reply.body);
}
