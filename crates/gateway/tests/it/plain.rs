use weir_core::{
    NanoUsd,
    span::{Errand, Origin, Outcome, Payload},
};
use weir_sim::Fault;

use crate::{
    client::ask,
    rig::{Rig, TOKEN},
};

#[tokio::test]
async fn a_plain_answer_comes_as_the_provider_sent_it_and_says_where_it_went() {
    let rig = Rig::start().await;
    let reply = rig.post(&ask("weir/default")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["model"], "large-1");
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("x-weir-workload"), "default");
    assert_eq!(reply.header("x-weir-deployment"), "sim/large");
    assert_eq!(reply.header("x-weir-strategy"), "filter");
    assert_eq!(reply.header("x-weir-revision"), "r-0001");
    assert_eq!(reply.header("x-weir-attempts"), "1");
    assert_eq!(reply.header("x-weir-cache"), "off");

    let record = rig.sink.only();
    let span = &record.span;
    assert_eq!(reply.header("x-weir-span-id"), span.id.to_string());
    assert_eq!(reply.header("x-weir-trace-id"), span.trace_id.to_string());
    assert_eq!(reply.header("x-weir-cost-usd"), span.cost.unwrap().to_string());
    assert!(span.cost.unwrap() > NanoUsd::ZERO);
    assert_eq!(span.outcome, Outcome::Ok);
    assert_eq!(span.origin, Origin::Client);
    assert_eq!(&*span.tenant, "local");
    assert_eq!(&*span.model_asked, "weir/default");
    assert_eq!(span.finish_reason.as_deref(), Some("stop"));
    assert_eq!(span.served_by().unwrap().as_str(), "sim/large");
    assert_eq!(span.attempts.len(), 1);
    assert_eq!(span.attempts[0].status, Some(200));
    assert_eq!(span.usage.output, reply.json()["usage"]["completion_tokens"].as_u64().unwrap());
    assert!(!span.usage.estimated);
    assert!(span.ttft_us.unwrap() <= span.latency_us);
    assert_eq!(span.decision.as_ref().unwrap().chain.len(), 2);
    assert_eq!(record.payload.response, reply.body);
    assert_eq!(record.payload.request, ask("weir/default").to_string());
    assert!(!record.payload.truncated);
}

#[tokio::test]
async fn the_provider_gets_the_callers_bytes_with_its_own_model_name_and_key_only() {
    let rig = Rig::start().await;
    let body = r#"{ "future_field": [1, 2.50], "model": "auto", "messages": [{"role":"user","content":"hi"}] }"#;
    let headers = [("authorization", "Bearer callers-own-key"), ("cookie", "session=1"), ("x-weir-session", "s")];
    let reply = rig.post_with(&headers, body).await;
    assert_eq!(reply.status, 200);
    let seen = rig.sim.take_requests().remove(0);
    assert_eq!(seen.body, body.replace("\"auto\"", "\"large-1\""));
    for (name, value) in &seen.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        assert!(!value.contains("callers-own-key"), "{name}");
        assert!(name != "cookie" && (name == "x-weir-hops" || !name.as_str().starts_with("x-weir")), "{name}");
    }
    assert_eq!(seen.headers["x-weir-hops"], "1");
}

/// D6 of the reliability table: a deployment whose address leads back here ends instead of going round.
#[tokio::test]
async fn a_request_that_has_gone_round_is_refused_and_asks_nobody() {
    let rig = Rig::start().await;
    let body = r#"{"model": "auto", "messages": [{"role":"user","content":"hi"}]}"#;
    let reply = rig.post_with(&[("x-weir-hops", "2")], body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(rig.sim.take_requests().remove(0).headers["x-weir-hops"], "3");
    let reply = rig.post_with(&[("x-weir-hops", "3")], body).await;
    assert_eq!(reply.status, 508);
    assert!(rig.sim.take_requests().is_empty());
}

#[tokio::test]
async fn model_names_a_workload_a_deployment_or_an_alias() {
    let rig = Rig::start().await;
    for (model, header, workload, deployment, strategy) in [
        ("auto", None, "default", "sim/large", "filter"),
        ("auto", Some("maths"), "maths", "sim/large", "filter"),
        ("maths", None, "maths", "sim/large", "filter"),
        ("weir/maths", Some("default"), "default", "sim/large", "filter"),
        ("sim/small", None, "default", "sim/small", "pinned"),
        ("sim/small", Some("maths"), "maths", "sim/small", "pinned"),
        ("sim/small-1", None, "default", "sim/small", "pinned"),
    ] {
        let headers: Vec<_> = header.map(|name| ("x-weir-workload", name)).into_iter().collect();
        let reply = rig.post_with(&headers, ask(model).to_string()).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        assert_eq!(reply.header("x-weir-workload"), workload, "{model}");
        assert_eq!(reply.header("x-weir-deployment"), deployment, "{model}");
        assert_eq!(reply.header("x-weir-strategy"), strategy, "{model}");
    }
    let records = rig.sink.wait(7).await;
    assert_eq!(records[4].span.workload.as_str(), "default");
    assert_eq!(&*records[4].span.decision.as_ref().unwrap().strategy, "pinned");
}

#[tokio::test]
async fn a_callers_trace_session_and_tags_are_on_the_span() {
    let rig = Rig::start().await;
    let headers = [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-weir-session", "chat-7"),
        ("x-weir-tags", r#"{"team":"a"}"#),
    ];
    let reply = rig.post_with(&headers, ask("auto").to_string()).await;
    assert_eq!(reply.header("x-weir-trace-id"), "0af7651916cd43dd8448eb211c80319c");
    let span = rig.sink.only().span;
    assert_eq!(span.trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(span.parent_id, Some(0xb7ad_6b71_6920_3331));
    assert_eq!(span.session.as_deref(), Some("chat-7"));
    assert_eq!(&*span.tags, r#"{"team":"a"}"#);
}

#[tokio::test]
async fn requests_without_a_trace_get_one_each() {
    let rig = Rig::start().await;
    let one = rig.post_with(&[("traceparent", "nonsense")], ask("auto").to_string()).await;
    let other = rig.post(&ask("auto")).await;
    assert_ne!(one.header("x-weir-trace-id"), other.header("x-weir-trace-id"));
    assert_ne!(one.header("x-weir-span-id"), other.header("x-weir-span-id"));
}

#[tokio::test]
async fn only_the_process_token_makes_a_request_weirs_own() {
    let rig = Rig::start().await;
    rig.post_with(&[("x-weir-internal", TOKEN)], ask("auto").to_string()).await;
    rig.post_with(&[("x-weir-internal", "guess")], ask("auto").to_string()).await;
    let records = rig.sink.wait(2).await;
    assert_eq!(records[0].span.origin, Origin::Eval);
    assert_eq!(records[1].span.origin, Origin::Client);
}

#[tokio::test]
async fn of_weirs_own_request_about_a_held_out_item_no_word_is_recorded() {
    let rig = Rig::start().await;
    let about = [("x-weir-about", "0a1b"), ("x-weir-sealed", "1")];
    let own = |token: &'static str| [[("x-weir-internal", token)].as_slice(), &about].concat();
    let reply = rig.post_with(&own(TOKEN), ask("auto").to_string()).await;
    assert_eq!(reply.status, 200, "who asks is answered");
    rig.post_with(&own("guess"), ask("auto").to_string()).await;
    for model in ["large-1", "small-1"] {
        rig.sim.set_fault(model, Fault::Status(400, Vec::new()), 1.0);
    }
    let refused = rig.post_with(&own(TOKEN), ask("auto").to_string()).await;
    let records = rig.sink.wait(3).await;
    assert_eq!((&records[0].span.errand, &records[0].payload), (&Errand::of_item("0a1b", true), &Payload::default()));
    assert!(records[0].span.cost.is_some() && records[0].span.usage.output > 0, "what it cost is no secret");
    assert!(records[1].span.errand.is_none() && !records[1].payload.request.is_empty(), "a client says what it likes");
    let Outcome::Failed { message, .. } = &records[2].span.outcome else { panic!("{:?}", records[2].span) };
    assert!(message.ends_with("its words are not kept, because the request repeats a held-out item"), "{message}");
    assert_eq!(refused.message(), **message);
}

#[tokio::test]
async fn the_decision_comes_with_the_reply_when_asked_for() {
    let rig = Rig::start().await;
    let reply = rig.post_with(&[("x-weir-explain", "1")], ask("auto").to_string()).await;
    let decision: serde_json::Value = serde_json::from_str(reply.header("x-weir-decision")).unwrap();
    assert_eq!(decision["chain"][0], "sim/large");
    assert_eq!(decision["workload"], "default");
    let silent = rig.post(&ask("auto")).await;
    assert!(!silent.headers.contains_key("x-weir-decision"));
}

#[tokio::test]
async fn where_a_request_would_go_is_told_and_nobody_is_asked() {
    let rig = Rig::start().await;
    let reply = rig.post_with(&[("x-weir-explain", "only")], ask("auto").to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let body = reply.json();
    assert_eq!(body["decision"]["chain"][0], "sim/large", "{body}");
    assert!(body["sentences"][0].as_str().unwrap().contains("default"), "{body}");
    assert_eq!((rig.sim.counters("large-1").requests, rig.sink.len()), (0, 0));
    let unknown = rig.post_with(&[("x-weir-explain", "only")], ask("atuo").to_string()).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn models_lists_workloads_first_and_finds_one_by_its_name() {
    let rig = Rig::start().await;
    let list = rig.get("/v1/models", &[]).await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    let workloads = ["weir/default", "weir/maths", "weir/others"];
    let own = ["sim/large", "sim/small", "responses", "claude", "gemini", "mistral", "cohere", "bedrock"];
    assert_eq!(ids, [&workloads[..], &own, &["invoke", "azure", "vertex"]].concat());
    for (path, id) in [
        ("/v1/models/sim/large", "sim/large"),
        ("/v1/models/sim%2Flarge", "sim/large"),
        ("/v1/models/weir/maths", "weir/maths"),
        ("/v1/models/maths", "weir/maths"),
    ] {
        let model = rig.get(path, &[]).await;
        assert_eq!(model.json()["id"], id, "{path}");
        assert_eq!(model.json()["object"], "model");
    }
    let missing = rig.get("/v1/models/sim/lage", &[]).await;
    assert_eq!(missing.status, 404);
    assert!(missing.message().contains("`sim/large`"), "{}", missing.body);
}
