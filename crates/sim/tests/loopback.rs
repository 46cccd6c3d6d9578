//! The simulator over real HTTP, asked through weir's own transport.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};
use weir_core::policy::FailureClass;
use weir_providers::{
    dialect::{openai_chat::read_reply, text::answer},
    outcome::{self, retry_after},
    scrub,
    stream::{ChatStream, Step, StreamEnd, StreamFailure},
    transport::{Limits, Policy, Target, Transport, TransportError},
};
use weir_sim::{Entry, Fault, Sim, SimHandle, SimModel};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(10),
};
/// For faults that are to run into a limit, and for no others: on a busy machine anything may take this long.
const QUICK: Limits = Limits { first_byte: Duration::from_millis(100), idle: Duration::from_millis(100), ..LIMITS };

struct Rig {
    sim: SimHandle,
    door: Transport,
    target: Target,
}

async fn rig(sim: Sim) -> Rig {
    let sim = sim.serve().await.unwrap();
    let target = Target::chat(&sim.base_url(), None, true).unwrap();
    let door = Transport::new(Policy::default()).unwrap();
    Rig { sim, door, target }
}

fn simple(model: SimModel) -> Sim {
    let entries = (0..200).map(|n| Entry::new("maths", format!("what is {n} + {n}?"), (2 * n).to_string()));
    Sim::builder().seed(7).model(model).answers(entries).build()
}

fn request(model: &str, prompt: &str) -> Value {
    json!({"model": model, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": prompt}]})
}

impl Rig {
    async fn post(&self, body: &Value, limits: Limits) -> Result<(u16, Bytes), TransportError> {
        let body = Bytes::from(body.to_string());
        self.door.post_json(&self.target, body, limits, 1 << 20).await
    }

    async fn ask(&self, model: &str, prompt: &str) -> String {
        let (status, body) = self.post(&request(model, prompt), LIMITS).await.unwrap();
        assert_eq!(status, 200, "{body:?}");
        read_reply(&body, 0).unwrap();
        answer(&body).text
    }

    /// The caller's bytes and the end of a stream.
    async fn stream(&self, usage: bool, limits: Limits) -> (String, StreamEnd, Option<TransportError>) {
        let mut body = request("m", "what is 3 + 3?");
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
        let body = Bytes::from(body.to_string());
        let sent = self.door.send(&self.target, HeaderMap::new(), body, limits).await;
        let mut response = sent.unwrap();
        let mut stream = ChatStream::new(usage);
        let mut out = BytesMut::new();
        let mut broken = None;
        while let Some(chunk) = response.body.next().await {
            match chunk {
                Ok(chunk) if stream.push(&chunk, &mut out) == Step::More => {}
                Ok(_) => break,
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        let end = stream.end(None, &mut out);
        (String::from_utf8(out.to_vec()).unwrap(), end, broken)
    }
}

#[tokio::test]
async fn answers_are_right_at_the_planted_rate_and_replay_from_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let rig = rig(simple(SimModel::new("m").quality(0.7).quality_on("other", 0.0))).await;
        let mut answers = Vec::new();
        for n in 0..200 {
            answers.push(rig.ask("m", &format!("  what is {n} + {n}?\n")).await);
        }
        let right = (0..200).filter(|n| answers[*n] == (2 * n).to_string()).count();
        assert!((120..160).contains(&right), "{right} of 200");
        assert!(answers.iter().all(|answer| answer.parse::<i64>().is_ok()));
        runs.push(answers);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn quality_changes_while_it_runs_and_each_asking_is_a_new_draw() {
    let rig = rig(simple(SimModel::new("m").quality(0.5))).await;
    let control = &rig.sim.control;
    let mut right = 0;
    for _ in 0..100 {
        right += usize::from(rig.ask("m", "what is 4 + 4?").await == "8");
    }
    assert!((25..75).contains(&right), "{right} of 100");
    control.set_quality("m", Some("maths"), 0.0);
    assert_ne!(rig.ask("m", "what is 4 + 4?").await, "8");
    control.set_quality("m", Some("maths"), 1.0);
    assert_eq!(rig.ask("m", "what is 4 + 4?").await, "8");
    control.add_answers([Entry::new("maths", "new", "yes")]);
    assert_eq!(rig.ask("m", "new").await, "yes");
    assert_eq!(rig.ask("m", "never heard").await, rig.ask("m", "never heard").await);
    assert_eq!(control.counters("m").requests, 105);
}

#[tokio::test]
async fn a_whole_answer_and_a_stream_say_the_same_in_the_dialects_shape() {
    let rig = rig(simple(SimModel::new("m").verbosity(5))).await;
    let (_, body) = rig.post(&request("m", "what is 3 + 3?"), LIMITS).await.unwrap();
    let reply: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    assert_eq!(reply["usage"]["completion_tokens"], 6);
    assert_eq!(reply["usage"]["completion_tokens_details"]["reasoning_tokens"], 5);
    assert_eq!(reply["usage"]["prompt_tokens"], 1 + 3 + 4 + 3);

    let (text, end, _) = rig.stream(true, LIMITS).await;
    assert_eq!(end, StreamEnd::Finished);
    assert_eq!(answer(text.as_bytes()), answer(&body));
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    assert!(events[0].contains(r#""role":"assistant""#) && events[0].contains(r#""usage":null"#));
    assert!(events[events.len() - 2].contains(r#""choices":[],"usage":{"#));
    assert_eq!(events[events.len() - 1], "data: [DONE]");

    let mut short = request("m", "hello there");
    short["max_tokens"] = 2.into();
    let (_, body) = rig.post(&short, LIMITS).await.unwrap();
    assert_eq!(answer(&body).finish_reason.as_deref(), Some("length"));
}

#[tokio::test]
async fn bad_requests_get_the_dialects_errors() {
    let sim = Sim::builder().model(SimModel::new("m")).require_key("k").build();
    let rig = rig(sim).await;
    let url = rig.sim.base_url();
    assert_eq!(rig.post(&request("m", "x"), LIMITS).await.unwrap().0, 401);
    let key = Some(SecretString::from("k".to_owned()));
    let rig = Rig { target: Target::chat(&url, key.clone(), true).unwrap(), ..rig };
    assert_eq!(rig.post(&request("m", "x"), LIMITS).await.unwrap().0, 200);
    let (status, body) = rig.post(&request("n", "x"), LIMITS).await.unwrap();
    assert_eq!(status, 404);
    assert!(scrub::error_message(404, &body, None).contains("the model `n` does not exist"));
    assert_eq!(rig.post(&json!([]), LIMITS).await.unwrap().0, 400);
    let models = Target::new(&format!("{url}/models"), key, true).unwrap();
    let (_, body) = rig.door.get_json(&models, LIMITS, 9_000).await.unwrap();
    let list: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(list["data"][0]["id"], "m");
}

#[tokio::test]
async fn a_judge_tells_the_truth_at_its_rate() {
    let rig = rig(simple(SimModel::new("j"))).await;
    let case = |answer: &str, expected: Value| {
        let material = json!({"nonce": "n1", "input": [{"role": "user", "content": "what is 3 + 3?"}], "answer": answer, "expected": expected});
        let mut body = request("j", &material.to_string());
        body["response_format"] = json!({"type": "json_schema", "json_schema": {"schema": {"properties": {
            "nonce": {}, "reasoning": {}, "choice": {"enum": ["A", "B", "C"]}}}}});
        body
    };
    for (given, expected, choice) in [
        ("6", json!("6"), "A"),
        (" 6 ", json!(6), "A"),
        ("7", json!("6"), "C"),
        ("{\"a\": 1}", json!({"a": 1}), "A"),
        // Without a reference the answer key decides.
        ("6", Value::Null, "A"),
        ("5", Value::Null, "C"),
    ] {
        let (_, body) = rig.post(&case(given, expected), LIMITS).await.unwrap();
        let verdict: Value = serde_json::from_str(&answer(&body).text).unwrap();
        assert_eq!((&verdict["choice"], &verdict["nonce"]), (&json!(choice), &json!("n1")));
    }
    rig.sim.control.set_judge_agreement("j", 0.0);
    let (_, body) = rig.post(&case("6", json!("6")), LIMITS).await.unwrap();
    assert!(answer(&body).text.contains(r#""choice":"C""#));
}

#[tokio::test]
async fn faults_of_whole_answers_show_as_what_they_are() {
    let rig = rig(simple(SimModel::new("m"))).await;
    let ask = request("m", "what is 3 + 3?");
    let class = async |fault: Fault| {
        let limits = if matches!(fault, Fault::Hang | Fault::StallAfter(_)) { QUICK } else { LIMITS };
        rig.sim.control.set_fault("m", fault, 1.0);
        match rig.post(&ask, limits).await {
            Ok((200, body)) => read_reply(&body, 9).err().map(|_| FailureClass::InvalidOutput),
            Ok((status, body)) => outcome::of_status(status, &body),
            Err(error) => Some(FailureClass::from(&error)),
        }
    };
    for (fault, wanted) in [
        (Fault::Status(503, vec![]), Some(FailureClass::ServerError)),
        (Fault::Status(429, vec![]), Some(FailureClass::RateLimit)),
        (Fault::Hang, Some(FailureClass::Timeout)),
        (Fault::StallAfter(0), Some(FailureClass::Timeout)),
        (Fault::CutStreamAfter(0), Some(FailureClass::InvalidOutput)),
        (Fault::EndStreamAfter(0), Some(FailureClass::InvalidOutput)),
        (Fault::Garbage(0), Some(FailureClass::InvalidOutput)),
        (Fault::EmptyBody, Some(FailureClass::InvalidOutput)),
        (Fault::Html, Some(FailureClass::InvalidOutput)),
        (Fault::HugeBody(2 << 20), Some(FailureClass::InvalidOutput)),
        (Fault::ErrorEventAfter(0), Some(FailureClass::InvalidOutput)),
        (Fault::Redirect(rig.sim.base_url()), Some(FailureClass::InvalidOutput)),
        (Fault::EchoAuthHeader, Some(FailureClass::ServerError)),
        (Fault::SlowFirstByte(1), None),
        (Fault::Trickle, None),
        (Fault::NoUsage, None),
        (Fault::InsaneUsage, None),
    ] {
        assert_eq!(class(fault.clone()).await, wanted, "{fault:?}");
    }
    rig.sim.control.clear_fault("m");
    assert_eq!(rig.ask("m", "what is 3 + 3?").await, "6");
}

#[tokio::test]
async fn faults_of_streams_show_as_what_they_are() {
    let rig = rig(simple(SimModel::new("m"))).await;
    let run = async |fault: Fault| {
        // The answer comes before it stalls, and its head may take its time.
        let idle = if matches!(fault, Fault::StallAfter(_)) { QUICK.idle } else { LIMITS.idle };
        rig.sim.control.set_fault("m", fault, 1.0);
        rig.stream(false, Limits { idle, ..LIMITS }).await
    };
    // One that lingers does so for ever: that it ends at all says that nobody waits for it.
    for fault in [Fault::NoDone, Fault::DoubleDone, Fault::LingerAfterDone, Fault::Trickle] {
        let (text, end, error) = run(fault.clone()).await;
        assert!(error.is_none(), "{fault:?}: {error:?}");
        assert_eq!(end, StreamEnd::Finished, "{fault:?}");
        assert_eq!((answer(text.as_bytes()).text.as_str(), text.matches("[DONE]").count()), ("6", 1));
    }
    for (fault, failure, broken) in [
        (Fault::CutStreamAfter(1), StreamFailure::Cut, true),
        (Fault::EndStreamAfter(1), StreamFailure::Cut, false),
        (Fault::StallAfter(1), StreamFailure::Cut, true),
        (Fault::Garbage(1), StreamFailure::NotJson, false),
    ] {
        let (text, end, error) = run(fault.clone()).await;
        assert_eq!((end, error.is_some()), (StreamEnd::Failed(failure), broken), "{fault:?}");
        assert!(text.contains("\"content\":\"6\"") && !text.contains("[DONE]"));
    }
    let (text, end, _) = run(Fault::ErrorEventAfter(0)).await;
    assert!(matches!(end, StreamEnd::Failed(StreamFailure::Error(_))) && text.is_empty());
}

#[tokio::test]
async fn a_fault_hits_its_share_and_carries_its_headers() {
    let rig = rig(simple(SimModel::new("m"))).await;
    let headers = vec![("retry-after-ms".to_owned(), "40".to_owned())];
    rig.sim.control.set_fault("m", Fault::Status(429, headers), 0.3);
    let (mut hits, mut waits) = (0, 0);
    for _ in 0..200 {
        let body = Bytes::from(request("m", "what is 3 + 3?").to_string());
        let sent = rig.door.send(&rig.target, HeaderMap::new(), body, LIMITS).await;
        let response = sent.unwrap();
        let wait = retry_after(&response.headers, weir_core::Timestamp(0));
        hits += usize::from(response.status == 429);
        waits += usize::from(wait == Some(Duration::from_millis(40)));
    }
    assert!((35..85).contains(&hits) && hits == waits, "{hits} of 200");
}

#[tokio::test]
async fn a_caller_that_leaves_is_counted() {
    let rig = rig(simple(SimModel::new("m"))).await;
    let control = rig.sim.control.clone();
    for (aborted, fault) in [(1, Fault::Hang), (2, Fault::StallAfter(1))] {
        control.set_fault("m", fault, 1.0);
        assert!(rig.post(&request("m", "what is 3 + 3?"), QUICK).await.is_err());
        let seen = async {
            while control.counters("m").aborted < aborted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
        assert_eq!(control.counters("m").in_flight, 0);
    }
}

#[tokio::test]
async fn latency_is_waited_for_and_requests_are_kept_when_asked() {
    let sim = Sim::builder().keep_requests().model(SimModel::new("m").latency(600.0, 1.0, 0.1)).build();
    let rig = rig(sim).await;
    let started = Instant::now();
    rig.ask("m", "hello").await;
    assert!(started.elapsed() > Duration::from_millis(500));
    rig.sim.control.set_latency("m", 0.0, 0.0);
    let started = Instant::now();
    rig.ask("m", "hello again").await;
    assert!(started.elapsed() < Duration::from_millis(500));
    let seen = rig.sim.control.take_requests();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].body, request("m", "hello again").to_string());
    assert_eq!(seen[0].headers["accept-encoding"], "identity");
    assert!(rig.sim.control.take_requests().is_empty());
}
