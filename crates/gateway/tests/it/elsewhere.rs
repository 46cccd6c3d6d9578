//! The same models at other services, and conversations that move between providers.

use http::Method;
use serde_json::json;
use weir_core::deployment::{Capabilities, Deployment, Dialect};
use weir_providers::transport::{Endpoint, Limits, Target, Transport};

use crate::{client, rig::Rig};

#[tokio::test]
async fn azure_and_vertex_are_asked_at_their_own_addresses_with_their_own_keys() {
    let rig = Rig::start().await;
    for model in ["azure", "vertex"] {
        for stream in [false, true] {
            let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]});
            let reply = rig.post(&body).await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.body);
            assert!(reply.body.contains("large-1"), "{model}: {}", reply.body);
            let seen = rig.sim.take_requests().remove(0);
            let own = if model == "azure" { "api-key" } else { "authorization" };
            assert!(seen.headers.contains_key(own), "{model}: {:?}", seen.headers);
        }
    }
}

#[tokio::test]
async fn bedrock_takes_a_signed_request_where_the_key_is_a_pair() {
    let sim = weir_sim::Sim::builder()
        .require_key("SIMKEYID:secret")
        .keep_requests()
        .model(weir_sim::SimModel::new("anthropic.claude:0"))
        .build()
        .serve()
        .await
        .expect("the simulator");
    let deployment = Deployment {
        id: "bedrock".into(),
        provider: "bedrock".into(),
        dialect: Dialect::Bedrock,
        base_url: weir_sim::root(&sim.base_url(), Dialect::Bedrock),
        model: "anthropic.claude:0".into(),
        capabilities: Capabilities::default(),
        price: None,
    };
    let transport = Transport::new(weir_providers::transport::Policy::default()).expect("transport");
    let second = std::time::Duration::from_secs(10);
    let limits = Limits { connect: second, first_byte: second, idle: second, total: second };
    let body = || bytes::Bytes::from_static(br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#);
    for (key, status) in [("SIMKEYID:secret", 200), ("OTHER:secret", 401), ("a-bearer-key", 401)] {
        let target = Target::of(&deployment, Some(key.into()), true).expect("a target");
        let sent = transport.send_to(&target, &Endpoint::Stream, http::HeaderMap::new(), body(), limits).await.unwrap();
        assert_eq!(sent.status, status, "{key}");
    }
    let seen = sim.control.take_requests().remove(0);
    let signed = seen.headers["authorization"].to_str().unwrap();
    assert!(signed.contains("/us-east-1/bedrock/aws4_request") && seen.headers.contains_key("x-amz-date"), "{signed}");
}

#[tokio::test]
async fn invoke_model_gets_a_message_without_model_and_manner_and_its_betas_in_the_body() {
    let rig = Rig::start().await;
    for stream in [false, true] {
        let body = json!({
            "model": "invoke", "max_tokens": 50, "stream": stream, "field_of_tomorrow": 1,
            "messages": [{"role": "user", "content": "hi"}],
        });
        let betas = [("anthropic-version", "2023-06-01"), ("anthropic-beta", "one-2025-01-01, two-2025-01-01")];
        let request = client::request(Method::POST, "/v1/messages", &betas, body.to_string());
        let reply = client::send(rig.addr, request).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(!stream || reply.body.contains("event: content_block_delta\ndata: {"), "{}", reply.body);
        let seen: serde_json::Value = serde_json::from_slice(&rig.sim.take_requests().remove(0).body).unwrap();
        let want = json!({
            "max_tokens": 50, "field_of_tomorrow": 1, "messages": [{"role": "user", "content": "hi"}],
            "anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["one-2025-01-01", "two-2025-01-01"],
        });
        assert_eq!(seen, want);
    }
    // It counts no tokens: weir does.
    let body = json!({"model": "invoke", "messages": [{"role": "user", "content": "hi"}]});
    let request = client::request(Method::POST, "/v1/messages/count_tokens", &[], body.to_string());
    let counted = client::send(rig.addr, request).await.json();
    assert!(counted["input_tokens"].as_u64().unwrap() > 4, "{counted}");
}

/// The simulator refuses thoughts that it has not signed, as the real ones do.
#[tokio::test]
async fn a_conversation_may_move_between_providers_and_keeps_only_thoughts_its_next_one_takes() {
    let rig = Rig::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!([{"name": "get_weather", "input_schema": schema}]);
    let ask = async |model: &str, messages: &[serde_json::Value]| {
        let thinking = json!({"type": "enabled", "budget_tokens": 2000});
        let body = json!({
            "model": model, "max_tokens": 4000, "tools": tools, "thinking": thinking, "messages": messages,
        });
        let request = client::request(Method::POST, "/v1/messages", &[], body.to_string());
        let reply = client::send(rig.addr, request).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        reply.json()
    };
    for first in ["claude", "gemini", "bedrock", "invoke", "cohere"] {
        for next in ["claude", "gemini", "bedrock", "invoke", "cohere", "mistral", "sim/large"] {
            let mut turns = vec![json!({"role": "user", "content": "please get_weather"})];
            let thinks = !matches!(next, "sim/large" | "mistral");
            let reply = ask(first, &turns).await;
            let content = reply["content"].clone();
            let call = content.as_array().unwrap().iter().find(|block| block["type"] == "tool_use").unwrap();
            let result = json!({"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"});
            turns.push(json!({"role": "assistant", "content": content}));
            turns.push(json!({"role": "user", "content": [result]}));
            let reply = ask(next, &turns).await;
            let thought = reply["content"].as_array().unwrap().iter().any(|block| block["type"] == "thinking");
            assert_eq!(thought, thinks, "{first} then {next}: {reply}");
        }
    }
}
