//! Whatever is sent and whatever a provider does: an error in the client's dialect, with the span's id.

use reqwest::Method;
use serde_json::json;
use weir_sim::Fault;

use crate::rig::{Reply, Rig, ask};

const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
data_dir = "data"
max_body_bytes = 4096
[keys.dev]
secret = "env:KEY_DEV"
grant = "caller"
[workloads.default]
candidates = ["sim/large"]
floor = 0.8
deadlines = { connect_ms = 500, first_byte_ms = 250, idle_ms = 250, total_ms = 2000 }
"#;
const KEY: (&str, &str) = ("authorization", "Bearer key_dev-0123456789abcdef");

/// What it is, headers, body; status, code and a word of the message.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str, &'a str);

/// The shape that every error has, and what it says.
#[track_caller]
fn problem(reply: &Reply) -> (u16, String, String) {
    let error = &reply.json()["error"];
    assert!(error["type"].is_string() && error.get("param").is_some(), "{reply:?}");
    assert_eq!(reply.span().len(), 32, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json", "{reply:?}");
    let text = |field: &str| error[field].as_str().unwrap_or_else(|| panic!("{field}: {reply:?}")).to_owned();
    (reply.status.as_u16(), text("code"), text("message"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_is_refused_in_the_client_s_dialect() {
    let rig = Rig::start(CONFIG).await;
    let good = ask("auto", "hello").to_string();
    let large = ask("auto", &"x".repeat(8_000)).to_string();
    let (wrong_key, gzip) = (("authorization", "Bearer wrong"), ("content-encoding", "gzip"));
    let cases: [Case<'_>; 12] = [
        ("not JSON", &[KEY], "{\"model\":", 400, "W0101", ""),
        ("no object", &[KEY], "[]", 400, "W0101", ""),
        ("no model", &[KEY], r#"{"messages":[]}"#, 400, "W0101", "model"),
        ("no messages", &[KEY], r#"{"model":"auto"}"#, 400, "W0101", "messages"),
        (
            "a wrong type deep inside",
            &[KEY],
            r#"{"model":"auto","messages":[{"role":"user","content":7}]}"#,
            400,
            "W0101",
            "messages[0].content",
        ),
        (
            "an unknown workload",
            &[KEY],
            r#"{"model":"weir/defualt","messages":[{"role":"user","content":"x"}]}"#,
            404,
            "W0102",
            "weir/default",
        ),
        (
            "an unknown deployment",
            &[KEY],
            r#"{"model":"sim/larg","messages":[{"role":"user","content":"x"}]}"#,
            404,
            "W0102",
            "sim/large",
        ),
        (
            "an unknown workload in the header",
            &[KEY, ("x-weir-workload", "defalt")],
            &good,
            404,
            "W0102",
            "weir/default",
        ),
        ("no key", &[], &good, 401, "W0201", ""),
        ("a wrong key", &[wrong_key], &good, 401, "W0201", ""),
        ("too large a body", &[KEY], &large, 413, "W0103", "4096"),
        ("a body in another encoding", &[KEY, gzip], &good, 415, "W0104", "encoding"),
    ];
    for (what, headers, body, status, code, says) in cases {
        let reply = rig.send(Method::POST, "/v1/chat/completions", headers, body.to_owned()).await.unwrap();
        let (found_status, found_code, message) = problem(&reply);
        assert_eq!((found_status, found_code.as_str()), (status, code), "{what}: {reply:?}");
        assert!(message.contains(says), "{what}: wants {says:?} in {message:?}");
    }
    assert_eq!(rig.sim().counters("large").requests, 0, "nothing of it went upstream");
    let fine = rig.chat_with(&[KEY], ask("auto", "hello")).await;
    assert_eq!(fine.status, 200, "and the next request is served");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_is_told_apart_by_how_it_fails() {
    let rig = Rig::start(CONFIG).await;
    let cases = [
        (Fault::Status(500, Vec::new()), 502, "W0403"),
        (Fault::Status(401, Vec::new()), 502, "W0406"),
        (Fault::Status(429, vec![("retry-after".into(), "7".into())]), 429, "W0405"),
        (Fault::SlowFirstByte(5_000), 504, "W0402"),
        (Fault::Hang, 504, "W0402"),
        (Fault::CutStreamAfter(1), 502, "W0404"),
        (Fault::EmptyBody, 502, "W0404"),
        (Fault::Html, 502, "W0404"),
        (Fault::Redirect("http://127.0.0.1:9/".into()), 502, "W0404"),
    ];
    for (fault, status, code) in cases {
        rig.sim().set_fault("large", fault.clone(), 1.0);
        let reply = rig.chat_with(&[KEY], ask("auto", "hello")).await;
        let (found_status, found_code, _) = problem(&reply);
        assert_eq!((found_status, found_code.as_str()), (status, code), "{fault:?}: {reply:?}");
        if status == 429 {
            assert_eq!(reply.header("retry-after"), "7");
        }
        rig.sim().clear_fault("large");
        // Failures open the breaker of the only candidate; one that cannot be avoided is asked all the same.
        let fine = rig.chat_with(&[KEY], ask("auto", "hello")).await;
        assert_eq!(fine.status, 200, "after {fault:?}: {fine:?}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_down_is_a_502_and_the_failure_is_on_record() {
    // A port that was just free: nothing listens there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "[deployments.gone]\nprovider = \"gone\"\nbase_url = \"http://{gone}/v1\"\nmodel = \"m\"\nallow_private = true\n\
         [workloads.default]\ncandidates = [\"gone\"]\nfloor = 0.8\n"
    );
    let rig = Rig::start(&config).await;
    let alone = rig.chat("auto", "hello").await;
    let (status, code, _) = problem(&alone);
    assert_eq!((status, code.as_str()), (502, "W0401"));
    let trace = rig.trace(alone.span()).await;
    assert_eq!((&trace["status"], &trace["code"]), (&json!("failed"), &json!("W0401")));

    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_ends_with_an_error_event_and_without_done() {
    let rig = Rig::start(CONFIG).await;
    rig.sim().set_fault("large", Fault::CutStreamAfter(2), 1.0);
    let mut body = ask("auto", "hello to you all");
    body["stream"] = json!(true);
    let reply = rig.chat_with(&[KEY], body).await.expect(200);
    assert!(reply.body.contains("\"error\""), "{}", reply.body);
    assert!(!reply.body.contains("[DONE]"), "{}", reply.body);
    rig.stop().await;
}
