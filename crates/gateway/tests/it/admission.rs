use std::time::{Duration, Instant};

use http::Method;
use weir_core::{
    NanoUsd,
    route::Grant,
    span::{Origin, Outcome, Record},
};
use weir_gateway::{Limits, ROUTES};

use crate::{
    client::{self, ask},
    rig::{Rig, Setup, TOKEN},
};

const KEYS: &str = r#"
[keys.dev]
secret = "env:DEV"
grant = "caller"
workloads = ["default"]
[keys.ops]
secret = "env:OPS"
grant = "admin"
"#;
const DEV: (&str, &str) = ("authorization", "Bearer dev-secret-0123456789");
const OPS: (&str, &str) = ("authorization", "Bearer ops-secret-0123456789");

async fn locked() -> Rig {
    Rig::with(Setup { keys: KEYS, ..Setup::default() }).await
}

#[tokio::test]
async fn every_route_that_wants_a_key_refuses_without_one() {
    let rig = locked().await;
    for route in &ROUTES {
        let path = route.path.replace("{*id}", "sim/large");
        let method: Method = route.method.parse().unwrap();
        let reply = client::send(rig.addr, client::request(method, &path, &[], "")).await;
        match route.grant {
            Grant::Public => assert_eq!(reply.status, 200, "{path}"),
            Grant::Caller | Grant::Admin => {
                assert_eq!(reply.status, 401, "{path}");
                assert_eq!(reply.code(), "W0201");
                assert_eq!(reply.header("x-weir-span-id").len(), 32, "{path}");
            }
        }
    }
    assert_eq!(rig.sink.len(), 0, "who is not known leaves no span");
}

#[tokio::test]
async fn a_wrong_key_is_refused_whatever_it_looks_like_and_whatever_the_host() {
    let rig = locked().await;
    let long = format!("Bearer {}", "x".repeat(10_000));
    for key in ["Bearer wrong", "Bearer ' OR 1=1 --", "Bearer *", "Bearer ", "Basic ZGV2", &long] {
        let headers = [("authorization", key), ("x-forwarded-host", "localhost")];
        let reply = rig.post_with(&headers, ask("auto").to_string()).await;
        assert_eq!(reply.status, 401, "{key}");
        assert!(!reply.body.contains("OR 1=1"));
    }
}

#[tokio::test]
async fn a_key_reaches_its_workloads_and_their_deployments_only() {
    let rig = locked().await;
    assert_eq!(rig.post_with(&[DEV], ask("weir/default").to_string()).await.status, 200);
    assert_eq!(rig.post_with(&[DEV], ask("sim/small").to_string()).await.status, 200);
    let outside = rig.post_with(&[DEV], ask("weir/maths").to_string()).await;
    assert_eq!((outside.status.as_u16(), outside.code()), (403, "W0202".into()));
    let by_header = [DEV, ("x-weir-workload", "maths")];
    assert_eq!(rig.post_with(&by_header, ask("sim/small").to_string()).await.status, 403);
    assert_eq!(rig.post_with(&[OPS], ask("weir/maths").to_string()).await.status, 200);

    let list = rig.get("/v1/models", &[DEV]).await;
    assert!(!list.body.contains("maths"), "{}", list.body);
    let records = rig.sink.wait(5).await;
    assert_eq!(&*records[2].span.tenant, "dev");
    assert!(records[2].span.decision.is_none(), "refused before routing, and on record");
}

/// More than one request is expected to cost, and far less than all of them do.
const BUDGET: f64 = 0.001;
const FRUGAL: &str = r#"
[keys.dev]
secret = "env:DEV"
max_usd_per_day = 0.001
[keys.ops]
secret = "env:OPS"
grant = "admin"
"#;

fn spent(records: &[Record]) -> f64 {
    let own = records.iter().filter(|record| &*record.span.tenant == "dev");
    own.filter_map(|record| record.span.cost).sum::<NanoUsd>().as_usd()
}

#[tokio::test]
async fn a_budget_is_not_overspent_by_many_at_once_nor_forgotten_by_a_restart() {
    let rig = Rig::with(Setup { keys: FRUGAL, ..Setup::default() }).await;
    let mut asked = ask("weir/default");
    asked["max_tokens"] = 100.into();
    let all = futures::future::join_all((0..100).map(|_| rig.post_with(&[DEV], asked.to_string()))).await;
    let (served, refused): (Vec<_>, Vec<_>) = all.iter().partition(|reply| reply.status == 200);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served, {} refused", served.len(), refused.len());
    for reply in &refused {
        assert_eq!((reply.status.as_u16(), reply.code()), (402, "W0203".into()), "{}", reply.body);
        assert!(reply.message().contains("key `dev` may spend $0.001000"), "{}", reply.body);
    }
    let records = rig.sink.wait(100).await;
    assert!(spent(&records) <= BUDGET, "{} spent", spent(&records));

    // What was reserved and not spent is free again: it goes on until the budget is really gone.
    let mut count = 100;
    while rig.post_with(&[DEV], asked.to_string()).await.status == 200 {
        count += 1;
    }
    let records = rig.sink.wait(count + 1).await;
    assert!(spent(&records) <= BUDGET && spent(&records) > 0.5 * BUDGET, "{} spent", spent(&records));
    assert_eq!(rig.post_with(&[OPS], asked.to_string()).await.status, 200, "the budget is one key's");
    assert_eq!(rig.post_with(&[("x-weir-internal", TOKEN)], asked.to_string()).await.status, 200);

    let again = Rig::with(Setup { keys: FRUGAL, before: records, ..Setup::default() }).await;
    assert_eq!(again.post_with(&[DEV], asked.to_string()).await.code(), "W0203");
    assert_eq!(again.sink.only().span.attempts.len(), 0, "nobody was asked");
}

#[tokio::test]
async fn the_process_token_stands_for_a_key() {
    let rig = locked().await;
    let reply = rig.post_with(&[("x-weir-internal", TOKEN)], ask("maths").to_string()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(&*rig.sink.only().span.tenant, "weir");
    let guess = rig.post_with(&[("x-weir-internal", "guess")], ask("maths").to_string()).await;
    assert_eq!(guess.status, 401);
}

#[tokio::test]
async fn what_weir_asks_on_a_keys_behalf_is_bound_by_the_keys_scope_and_budget() {
    let rig = locked().await;
    let behalf = |name: &'static str| [("x-weir-internal", TOKEN), ("x-weir-behalf", name)];
    assert_eq!(rig.post_with(&behalf("dev"), ask("weir/default").to_string()).await.status, 200);
    let outside = rig.post_with(&behalf("dev"), ask("weir/maths").to_string()).await;
    assert_eq!((outside.status.as_u16(), outside.code()), (403, "W0202".into()));
    assert_eq!(rig.post_with(&behalf("gone"), ask("weir/default").to_string()).await.status, 401);
    let told = [DEV, ("x-weir-behalf", "ops")];
    assert_eq!(rig.post_with(&told, ask("weir/maths").to_string()).await.status, 403, "a caller is itself only");
    let span = rig.sink.wait(3).await.remove(0).span;
    assert_eq!((&*span.tenant, span.origin), ("dev", Origin::Eval));

    let rig = Rig::with(Setup { keys: FRUGAL, ..Setup::default() }).await;
    let mut count = 0;
    let refused = loop {
        let reply = rig.post_with(&behalf("dev"), ask("weir/default").to_string()).await;
        if reply.status != 200 {
            break reply;
        }
        count += 1;
    };
    assert_eq!((refused.code(), count > 1), ("W0203".into(), true));
    assert_eq!(rig.post_with(&[DEV], ask("weir/default").to_string()).await.code(), "W0203", "it is one budget");
    let before = rig.sink.wait(count + 2).await;
    let again = Rig::with(Setup { keys: FRUGAL, before, ..Setup::default() }).await;
    assert_eq!(again.post_with(&[DEV], ask("weir/default").to_string()).await.code(), "W0203");
}

#[tokio::test]
async fn an_unknown_model_is_a_404_with_the_nearest_names() {
    let rig = Rig::start().await;
    for (model, near) in [("weir/math", "`weir/maths`"), ("sim/larg", "`sim/large`"), ("defualt", "`weir/default`")] {
        let reply = rig.post(&ask(model)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "W0102".into()), "{}", reply.body);
        assert!(reply.message().contains(near), "{}", reply.body);
    }
    let header = [("x-weir-workload", "nowhere")];
    assert_eq!(rig.post_with(&header, ask("auto").to_string()).await.status, 404);
    let spans = rig.sink.wait(4).await;
    let failed = |code: &str| matches!(&spans[0].span.outcome, Outcome::Failed { code: found, .. } if &**found == code);
    assert!(failed("W0102"));
    assert_eq!(spans[3].span.workload.as_str(), "default", "a name a caller made up is no workload");
    assert!(spans.iter().all(|record| record.span.decision.is_none()));
}

#[tokio::test]
async fn bad_json_is_a_400_that_names_the_place() {
    let rig = Rig::start().await;
    for (body, place) in [
        (r#"{"model":"auto","messages":[{"role":"user","content":7}]}"#, "$.messages[0].content"),
        (r#"{"model":"auto"}"#, "$.messages"),
        (r#"{"model":5,"messages":[]}"#, "$.model"),
        ("[]", "$"),
        ("", "$"),
        (r#"{"model":"auto","messages":"#, "$"),
    ] {
        let reply = rig.post_with(&[], body).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "W0101".into()), "{body}");
        assert!(reply.message().contains(place), "{body}: {}", reply.body);
    }
    assert_eq!(rig.sink.wait(6).await.len(), 6);
    assert_eq!(rig.sim.counters("large-1").requests, 0, "nothing was sent upstream");
}

/// From a body that is no request to the word that it is none, on a machine with nothing else to do.
const REFUSED_WITHIN: Duration = Duration::from_millis(50);

#[tokio::test]
async fn whatever_is_no_request_is_refused_at_once() {
    let message = |content: &str| format!(r#"{{"model":"auto","messages":[{{"role":"user","content":{content}}}]}}"#);
    let bodies: [(&str, Vec<u8>); 12] = [
        (
            "a key that is said twice",
            br#"{"model":"auto","model":"sim/small","messages":[{"role":"user","content":"hi"}]}"#.to_vec(),
        ),
        ("depth that is left open", message(&"[".repeat(20_000)).into()),
        ("depth that is closed", message(&format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))).into()),
        ("objects in objects", message(&r#"{"a":"#.repeat(20_000)).into()),
        ("no number", message("NaN").into()),
        ("a number beyond all", message("1e999").into()),
        ("a wrong type", message("7").into()),
        (
            "bytes that are no UTF-8",
            [br#"{"model":"auto","messages":[{"role":"user","content":""#, &b"\xff\xfe\"}]}"[..]].concat(),
        ),
        ("half a surrogate pair", message(r#""\ud800""#).into()),
        ("a list", b"[1]".to_vec()),
        ("a string", b"\"hello\"".to_vec()),
        ("nothing", Vec::new()),
    ];
    let rig = Rig::start().await;
    for (what, body) in bodies {
        let mut quickest = Duration::MAX;
        for _ in 0..3 {
            let request = client::request(Method::POST, "/v1/chat/completions", &[], body.clone());
            let start = Instant::now();
            let reply = client::send(rig.addr, request).await;
            quickest = quickest.min(start.elapsed());
            assert_eq!((reply.status.as_u16(), reply.code()), (400, "W0101".into()), "{what}: {}", reply.body);
        }
        assert!(quickest <= REFUSED_WITHIN, "{what}: {quickest:?}");
    }
    assert_eq!(rig.sim.counters("large-1").requests, 0, "nothing was sent upstream");
}

#[tokio::test]
async fn a_malformed_weir_header_is_a_400_that_names_it() {
    let rig = Rig::start().await;
    for (name, value) in [("x-weir-tags", "[1]"), ("x-weir-timeout-ms", "soon")] {
        let reply = rig.post_with(&[(name, value)], ask("auto").to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "W0106".into()));
        assert!(reply.message().contains(name), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_or_encoded_is_refused() {
    let limits = Limits { body_bytes: 1_000, ..Limits::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    let large = rig.post_with(&[], "x".repeat(1_001)).await;
    assert_eq!((large.status.as_u16(), large.code()), (413, "W0103".into()));
    let encoded = rig.post_with(&[("content-encoding", "gzip")], "x").await;
    assert_eq!((encoded.status.as_u16(), encoded.code()), (415, "W0104".into()));
    assert_eq!(rig.sink.wait(2).await.len(), 2);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_dialect() {
    let rig = Rig::start().await;
    for path in ["/v1", "/v1/", "/v1/fine_tuning/jobs", "/v1/chat", "/v1/%00"] {
        let reply = rig.get(path, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "W0105".into()), "{path}");
        assert_eq!(reply.header("x-weir-trace-id").len(), 32);
    }
    let reply = rig.get("/v1/chat/completions", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (405, "W0108".into()));
    let reply = client::send(rig.addr, client::request(Method::DELETE, "/v1/models", &[], "")).await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn requests_over_the_bound_are_shed_at_once_and_told_when_to_return() {
    let limits = Limits { concurrent_requests: 0, ..Limits::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    let reply = rig.post(&ask("auto")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "W0501".into()));
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(rig.sink.len(), 0, "a request that is shed costs nothing");
}

#[tokio::test]
async fn a_place_is_free_again_when_its_request_has_ended() {
    let limits = Limits { concurrent_requests: 1, ..Limits::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    for stream in [false, true, false] {
        let mut body = ask("auto");
        body["stream"] = stream.into();
        assert_eq!(rig.post(&body).await.status, 200);
    }
}
