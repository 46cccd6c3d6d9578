use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use weir_core::{span::Outcome, workload::Deadlines};
use weir_sim::Fault;

use crate::{
    client::{self, ask},
    rig::{Rig, Setup, chat},
};

fn streamed(model: &str) -> Value {
    let mut body = ask(model);
    body["stream"] = true.into();
    body
}

#[tokio::test]
async fn a_stream_is_relayed_to_its_done_and_recorded() {
    let rig = Rig::start().await;
    let reply = rig.post(&streamed("auto")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.header("x-weir-deployment"), "sim/large");
    assert_eq!(reply.text(), "I am large-1, a simulated model. You said 4 words.");
    assert_eq!(reply.events().last(), Some(&"[DONE]"));
    assert!(!reply.body.contains("\"usage\":{"), "usage was not asked for: {}", reply.body);

    let record = rig.sink.only();
    assert_eq!(record.span.outcome, Outcome::Ok);
    assert_eq!(record.payload.response, reply.body);
    assert_eq!(record.span.finish_reason.as_deref(), Some("stop"));
    assert!(record.span.stream && record.span.ttft_us.is_some());
    assert!(record.span.usage.output > 0 && !record.span.usage.estimated);
    assert!(record.span.cost.is_some());
}

#[tokio::test]
async fn usage_and_cost_come_in_the_last_chunk_when_usage_was_asked_for() {
    let rig = Rig::start().await;
    let mut body = streamed("auto");
    body["stream_options"] = json!({"include_usage": true});
    let reply = rig.post(&body).await;
    let events = reply.events();
    assert_eq!(events.last(), Some(&"[DONE]"));
    let usage: Value = serde_json::from_str(events[events.len() - 2]).unwrap();
    let span = rig.sink.only().span;
    assert_eq!(usage["usage"]["completion_tokens"], span.usage.output);
    let cost = usage["weir"]["cost_usd"].as_f64().unwrap();
    assert!((cost - span.cost.unwrap().as_usd()).abs() < 1e-12);
}

#[tokio::test]
async fn the_record_is_in_the_sink_before_the_client_has_the_last_byte() {
    let rig = Rig::start().await;
    let (_, mut live) = client::open(rig.addr, chat(&[], streamed("auto").to_string())).await;
    while let Some(frame) = live.body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        if data.ends_with(b"data: [DONE]\n\n") {
            assert_eq!(rig.sink.len(), 1);
            return;
        }
    }
    panic!("the stream had no end");
}

#[tokio::test]
async fn a_cut_stream_ends_in_an_error_event_and_never_in_done() {
    for (fault, code) in [
        (Fault::CutStreamAfter(3), "W0404"),
        (Fault::EndStreamAfter(3), "W0404"),
        (Fault::Garbage(3), "W0404"),
        (Fault::ErrorEventAfter(3), "W0403"),
    ] {
        let rig = Rig::start().await;
        // Tokens come one by one, so that the first has left when the fault comes.
        rig.sim.set_latency("large-1", 0.0, 10.0);
        rig.sim.set_fault("large-1", fault.clone(), 1.0);
        let reply = rig.post(&streamed("auto")).await;
        assert_eq!(reply.status, 200);
        assert!(!reply.text().is_empty(), "what came before the fault was relayed");
        assert!(!reply.body.contains("[DONE]"), "{fault:?}: {}", reply.body);
        let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], code, "{fault:?}: {last}");

        let span = rig.sink.only().span;
        let Outcome::Failed { code: recorded, .. } = &span.outcome else { panic!("{fault:?}: {:?}", span.outcome) };
        assert_eq!(&**recorded, code);
        assert_eq!(span.attempts.len(), 1, "after the first token nobody tries again");
        assert!(span.attempts[0].error.is_some());
        assert!(span.usage.output > 0 && span.usage.estimated, "what was received is billed");
        assert!(span.cost.unwrap().0 > 0);
        assert!(rig.sim.counters("small-1").requests == 0);
    }
}

#[tokio::test]
async fn a_stream_that_fails_before_its_first_token_is_served_by_the_next_deployment() {
    for fault in [
        Fault::CutStreamAfter(0),
        Fault::EndStreamAfter(0),
        Fault::ErrorEventAfter(0),
        Fault::Garbage(0),
        Fault::EmptyBody,
        Fault::Html,
        Fault::Status(503, Vec::new()),
    ] {
        let rig = Rig::start().await;
        rig.sim.set_fault("large-1", fault.clone(), 1.0);
        let reply = rig.post(&streamed("auto")).await;
        assert_eq!(reply.status, 200, "{fault:?}: {}", reply.body);
        assert!(reply.text().starts_with("I am small-1"), "{fault:?}: {}", reply.body);
        assert!(!reply.body.contains("error"), "the client sees nothing of {fault:?}");
        assert_eq!(reply.header("x-weir-deployment"), "sim/small");
        let span = rig.sink.only().span;
        assert_eq!(span.outcome, Outcome::Ok, "{fault:?}");
        assert_eq!(span.served_by().unwrap().as_str(), "sim/small");
        assert!(span.attempts[0].error.is_some(), "{fault:?}");
    }
}

#[tokio::test]
async fn exactly_one_done_ends_a_stream_whatever_the_provider_does_with_its_own() {
    for fault in [Fault::NoDone, Fault::DoubleDone, Fault::LingerAfterDone, Fault::Trickle] {
        let rig = Rig::start().await;
        rig.sim.set_fault("large-1", fault.clone(), 1.0);
        let body = streamed("auto");
        let whole = tokio::time::timeout(Duration::from_secs(10), rig.post(&body));
        let reply = whole.await.unwrap_or_else(|_| panic!("{fault:?} kept the client waiting"));
        assert_eq!(reply.body.matches("[DONE]").count(), 1, "{fault:?}: {}", reply.body);
        assert!(reply.body.ends_with("data: [DONE]\n\n"), "{fault:?}");
        assert_eq!(rig.sink.only().span.outcome, Outcome::Ok, "{fault:?}");
    }
}

#[tokio::test]
async fn a_stalled_stream_ends_in_a_timeout_event() {
    let deadlines = Deadlines { idle_ms: 100, ..Deadlines::default() };
    let rig = Rig::with(Setup { deadlines, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::StallAfter(2), 1.0);
    let reply = rig.post(&streamed("auto")).await;
    let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "W0402", "{last}");
    assert!(!reply.body.contains("[DONE]"));
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_the_upstream_call_and_is_recorded_as_cancelled() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", Fault::StallAfter(2), 1.0);
    let (head, mut live) = client::open(rig.addr, chat(&[], streamed("auto").to_string())).await;
    assert_eq!(head.status, 200);
    live.body.frame().await.unwrap().unwrap();
    drop(live);

    let record = rig.sink.wait(1).await.remove(0);
    assert_eq!(record.span.outcome, Outcome::Cancelled);
    assert_eq!(record.span.attempts.len(), 1);
    assert_eq!(record.span.attempts[0].error.as_deref(), Some("cancelled"));
    assert!(record.span.usage.output > 0 && record.span.usage.estimated);
    assert!(record.span.cost.unwrap().0 > 0, "what was sent is billed");
    upstream_is_free(&rig, 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_that_was_gone_on_with_is_billed_for_each_call_once() {
    let rig = Rig::with(Setup { continue_streams: true, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::CutStreamAfter(2), 1.0);
    rig.sim.set_fault("small-1", Fault::StallAfter(2), 1.0);
    let (head, mut live) = client::open(rig.addr, chat(&[], streamed("auto").to_string())).await;
    assert_eq!(head.status, 200);
    while rig.sim.counters("small-1").requests == 0 {
        live.body.frame().await.unwrap().unwrap();
    }
    drop(live);

    let span = rig.sink.wait(1).await.remove(0).span;
    assert_eq!((&span.outcome, span.attempts.len()), (&Outcome::Cancelled, 2), "{:?}", span.attempts);
    assert_eq!(span.attempts[1].error.as_deref(), Some("cancelled"));
    assert!(span.attempts.iter().all(|attempt| attempt.cost.unwrap().0 > 0), "{:?}", span.attempts);
    // Both have the same price: a dollar for a million tokens of the prompt, two for those of the answer.
    let whole = i64::try_from(span.usage.input * 1_000 + span.usage.output * 2_000).unwrap();
    assert_eq!(span.cost.unwrap().0, whole, "{:?}", span.usage);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_ends_the_upstream_call() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", Fault::Hang, 1.0);
    let asking = tokio::spawn(client::send(rig.addr, chat(&[], ask("auto").to_string())));
    until(|| rig.sim.counters("large-1").in_flight == 1).await;
    asking.abort();

    let span = rig.sink.wait(1).await.remove(0).span;
    assert_eq!(span.outcome, Outcome::Cancelled);
    assert!(span.usage.input > 0 && span.usage.estimated, "the prompt was sent and will be billed");
    upstream_is_free(&rig, 0).await;
}

#[tokio::test]
async fn an_http2_client_that_resets_its_stream_ends_the_upstream_call() {
    let rig = Rig::start().await;
    let stream = TcpStream::connect(rig.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = |model: &str| {
        let mut request = chat(&[], streamed(model).to_string());
        *request.uri_mut() = format!("http://{}/v1/chat/completions", rig.addr).parse().unwrap();
        request
    };
    let whole = sender.send_request(request("sim/small")).await.unwrap();
    let whole = whole.into_body().collect().await.unwrap().to_bytes();
    assert!(whole.ends_with(b"data: [DONE]\n\n"));

    rig.sim.set_fault("large-1", Fault::StallAfter(2), 1.0);
    let mut cut = sender.send_request(request("sim/large")).await.unwrap().into_body();
    cut.frame().await.unwrap().unwrap();
    drop(cut);
    let records = rig.sink.wait(2).await;
    assert_eq!(records[1].span.outcome, Outcome::Cancelled);
    upstream_is_free(&rig, 1).await;
    assert!(!connection.is_finished(), "the connection outlives one stream");
}

/// The simulator saw its caller leave, and nothing is counted as in flight any more.
async fn upstream_is_free(rig: &Rig, others: u64) {
    until(|| rig.sim.counters("large-1").aborted == 1).await;
    let vital = rig.live.vital(&"sim/large".into()).unwrap();
    until(|| vital.in_flight() == 0).await;
    assert_eq!(rig.sim.counters("small-1").requests, others);
}

/// Waits for another task of this process to get somewhere.
async fn until(done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("within 10 s");
}

#[tokio::test]
async fn a_canary_request_holds_evidence_back_until_it_is_recorded() {
    for (canary, held) in [(true, true), (false, false)] {
        let rig = Rig::with(Setup { canary, ..Setup::default() }).await;
        for model in ["large-1", "small-1"] {
            rig.sim.set_fault(model, Fault::StallAfter(2), 1.0);
        }
        let (_, mut live) = client::open(rig.addr, chat(&[], streamed("auto").to_string())).await;
        live.body.frame().await.unwrap().unwrap();
        let oldest = rig.live.exposed().oldest();
        assert_eq!(oldest.is_some(), held);
        drop(live);
        let span = rig.sink.wait(1).await.remove(0).span;
        assert_eq!(span.decision.as_ref().unwrap().exposure.is_some(), canary);
        assert!(oldest.is_none_or(|oldest| oldest <= span.started_at));
        until(|| rig.live.exposed().oldest().is_none()).await;
    }
}

#[tokio::test]
async fn many_streams_at_once_do_not_mix() {
    let rig = Rig::start().await;
    let asks = (1..=50).map(|words| {
        let mut body = streamed(if words % 2 == 0 { "sim/small" } else { "sim/large" });
        body["messages"][0]["content"] = vec!["word"; words].join(" ").into();
        client::send(rig.addr, chat(&[], body.to_string()))
    });
    let replies = futures::future::join_all(asks).await;
    for (words, reply) in (1..=50).zip(replies) {
        let model = if words % 2 == 0 { "small-1" } else { "large-1" };
        assert_eq!(reply.text(), format!("I am {model}, a simulated model. You said {words} words."));
    }
    assert_eq!(rig.sink.wait(50).await.len(), 50);
}
