use std::time::{Duration, Instant};

use weir_core::{span::Outcome, workload::Deadlines};
use weir_sim::Fault;

use crate::{
    client::ask,
    rig::{PROVIDER_KEY, Rig, Setup},
};

fn status(status: u16) -> Fault {
    Fault::Status(status, Vec::new())
}

#[tokio::test]
async fn a_provider_that_fails_is_replaced_by_the_next_of_the_chain() {
    for (fault, class) in [
        (status(500), "server_error"),
        (status(503), "server_error"),
        (status(529), "server_error"),
        (status(429), "rate_limit"),
        (status(401), "auth"),
        (status(403), "auth"),
        (Fault::Html, "invalid_output"),
        (Fault::EmptyBody, "invalid_output"),
        (Fault::Garbage(0), "invalid_output"),
        (Fault::CutStreamAfter(0), "invalid_output"),
        (Fault::ErrorEventAfter(0), "invalid_output"),
        (Fault::Redirect("http://127.0.0.1:1/".into()), "invalid_output"),
    ] {
        let rig = Rig::start().await;
        rig.sim.set_fault("large-1", fault.clone(), 1.0);
        let reply = rig.post(&ask("auto")).await;
        assert_eq!(reply.status, 200, "{fault:?}: {}", reply.body);
        assert_eq!(reply.header("x-weir-deployment"), "sim/small", "{fault:?}");
        let span = rig.sink.only().span;
        assert_eq!(span.outcome, Outcome::Ok);
        assert_eq!(span.attempts[0].error.as_deref(), Some(class), "{fault:?}");
        assert_eq!(span.attempts.last().unwrap().error, None);
        assert_eq!(reply.header("x-weir-attempts"), span.attempts.len().to_string());
    }
}

#[tokio::test]
async fn a_server_error_is_tried_once_more_in_place_and_then_elsewhere() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", status(500), 1.0);
    rig.post(&ask("auto")).await;
    assert_eq!(rig.sim.counters("large-1").requests, 2);
    assert_eq!(rig.sim.counters("small-1").requests, 1);
}

#[tokio::test]
async fn many_keys_that_are_refused_leave_a_call_for_somebody_else() {
    let rig = Rig::with(Setup { refused_keys: 6, ..Setup::default() }).await;
    let reply = rig.post(&ask("auto")).await;
    assert_eq!((reply.status.as_u16(), reply.header("x-weir-deployment")), (200, "sim/small"), "{}", reply.body);
    let span = rig.sink.only().span;
    let asked: Vec<&str> = span.attempts.iter().map(|attempt| attempt.deployment.as_str()).collect();
    assert_eq!(asked, ["sim/large", "sim/large", "sim/large", "sim/small"]);
    let rejected = |id: &str| {
        let vital = rig.live.vital(&id.into()).unwrap();
        (0..6).filter(|nth| vital.is_key_rejected(*nth)).count()
    };
    assert_eq!(
        (rejected("sim/large"), rejected("sim/small")),
        (3, 0),
        "those that were tried are known by their place"
    );
}

#[tokio::test]
async fn a_refused_connection_falls_back_at_once() {
    let rig = Rig::with(Setup { dead_first: true, ..Setup::default() }).await;
    let reply = rig.post(&ask("auto")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let span = rig.sink.only().span;
    assert_eq!(span.attempts.len(), 2);
    assert_eq!(span.attempts[0].deployment.as_str(), "dead");
    assert_eq!(span.attempts[0].error.as_deref(), Some("connect"));
    assert_eq!(span.attempts[0].status, None);
}

#[tokio::test]
async fn when_all_fail_the_last_failure_is_told_and_sdks_are_asked_not_to_try_again() {
    for (fault, http, code) in [
        (status(500), 502, "W0403"),
        (status(401), 502, "W0406"),
        (Fault::Html, 502, "W0404"),
        (status(429), 429, "W0405"),
    ] {
        let rig = Rig::start().await;
        rig.sim.set_fault("large-1", fault.clone(), 1.0);
        rig.sim.set_fault("small-1", fault.clone(), 1.0);
        let reply = rig.post(&ask("auto")).await;
        assert_eq!(reply.status, http, "{fault:?}: {}", reply.body);
        assert_eq!(reply.code(), code);
        assert_eq!(reply.header("x-should-retry"), "false");
        assert_eq!(reply.header("x-weir-workload"), "default");
        let span = rig.sink.only().span;
        assert_eq!(reply.header("x-weir-span-id"), span.id.to_string());
        let Outcome::Failed { code: recorded, .. } = &span.outcome else { panic!("{:?}", span.outcome) };
        assert_eq!(&**recorded, code);
        assert!(span.attempts.len() <= 4);
    }
}

#[tokio::test]
async fn a_long_rate_limit_is_not_waited_for_and_its_wait_is_passed_on() {
    let rig = Rig::start().await;
    let limited = Fault::Status(429, vec![("retry-after".into(), "30".into())]);
    rig.sim.set_fault("large-1", limited.clone(), 1.0);
    rig.sim.set_fault("small-1", limited, 1.0);
    let start = Instant::now();
    let reply = rig.post(&ask("auto")).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, "30"));
    assert_eq!(rig.sim.counters("large-1").requests, 1);
}

#[tokio::test]
async fn a_callers_error_is_told_at_once_and_kept() {
    for http in [400, 404, 413, 422] {
        let rig = Rig::start().await;
        rig.sim.set_fault("large-1", status(http), 1.0);
        let reply = rig.post(&ask("auto")).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert_eq!(reply.code(), "W0407");
        assert!(reply.message().contains(&format!("simulated {http}")), "{}", reply.body);
        assert!(!reply.headers.contains_key("x-should-retry"));
        assert_eq!(rig.sim.counters("large-1").requests, 1);
        assert_eq!(rig.sim.counters("small-1").requests, 0);
        assert_eq!(rig.sink.only().span.attempts[0].error.as_deref(), Some("caller"));
    }
}

#[tokio::test]
async fn a_provider_that_hangs_is_a_504_once_the_deadline_is_over() {
    let deadlines = Deadlines { first_byte_ms: 150, total_ms: 400, ..Deadlines::default() };
    let rig = Rig::with(Setup { deadlines, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::Hang, 1.0);
    rig.sim.set_fault("small-1", Fault::Hang, 1.0);
    let start = Instant::now();
    let reply = rig.post(&ask("auto")).await;
    assert_eq!(reply.status, 504, "{}", reply.body);
    assert_eq!(reply.code(), "W0402");
    assert!(start.elapsed() < Duration::from_secs(5));
    let span = rig.sink.only().span;
    assert_eq!(span.attempts.len(), 2);
    assert!(span.attempts.iter().all(|attempt| attempt.error.as_deref() == Some("timeout")));
}

#[tokio::test]
async fn a_caller_may_ask_for_less_time_than_the_workload_gives() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", Fault::Hang, 1.0);
    let reply = rig.post_with(&[("x-weir-timeout-ms", "120")], ask("auto").to_string()).await;
    assert_eq!(reply.status, 504, "{}", reply.body);
}

#[tokio::test]
async fn an_answer_over_the_cap_is_not_read_to_its_end() {
    let limits = weir_gateway::Limits { answer_bytes: 1_000_000, ..Default::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::HugeBody(64_000_000), 1.0);
    let reply = rig.post(&ask("auto")).await;
    assert_eq!(reply.header("x-weir-deployment"), "sim/small");
    assert_eq!(rig.sink.only().span.attempts[0].error.as_deref(), Some("invalid_output"));
}

#[tokio::test]
async fn no_reply_and_no_record_ever_shows_the_providers_key() {
    for stream in [false, true] {
        let rig = Rig::start().await;
        for model in ["large-1", "small-1"] {
            rig.sim.set_fault(model, Fault::EchoAuthHeader, 1.0);
        }
        let mut body = ask("auto");
        body["stream"] = stream.into();
        let reply = rig.post(&body).await;
        assert_eq!(reply.status, 502);
        assert!(reply.message().contains("incorrect credentials"), "{}", reply.body);
        let shown = format!("{}{:?}{:?}", reply.body, reply.headers, rig.sink.only());
        assert!(!shown.contains(PROVIDER_KEY) && !shown.contains("0123456789"), "{shown}");
    }
}

#[tokio::test]
async fn usage_that_is_missing_or_absurd_is_estimated_and_never_negative() {
    for fault in [Fault::NoUsage, Fault::InsaneUsage] {
        for stream in [false, true] {
            let rig = Rig::start().await;
            rig.sim.set_fault("large-1", fault.clone(), 1.0);
            let mut body = ask("auto");
            body["stream"] = stream.into();
            assert_eq!(rig.post(&body).await.status, 200);
            let span = rig.sink.only().span;
            assert!(span.usage.estimated, "{fault:?}");
            assert!((1..1_000).contains(&span.usage.output), "{fault:?}: {:?}", span.usage);
            assert!(span.cost.unwrap().0 > 0);
        }
    }
}

#[tokio::test]
async fn a_dead_provider_stops_getting_traffic() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", status(500), 1.0);
    for _ in 0..30 {
        assert_eq!(rig.post(&ask("auto")).await.status, 200);
    }
    let asked = rig.sim.counters("large-1").requests;
    assert!(asked < 15, "{asked} requests went to a provider that fails");
}

#[tokio::test]
async fn a_wall_clock_that_jumps_moves_no_breaker_and_no_deadline() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", status(500), 1.0);
    for _ in 0..20 {
        assert_eq!(rig.post(&ask("auto")).await.status, 200);
    }
    let asked = rig.sim.counters("large-1").requests;
    for hours in [1, -1, 24, 0] {
        rig.wall.set_ahead(hours * 3_600);
        for _ in 0..5 {
            assert_eq!(rig.post(&ask("auto")).await.status, 200);
        }
    }
    let more = rig.sim.counters("large-1").requests - asked;
    assert!(more <= 4, "{more} requests went to a breaker that should be open");

    // In the middle of a request.
    rig.sim.set_fault("small-1", Fault::SlowFirstByte(300), 1.0);
    for hours in [1, -2] {
        let body = ask("sim/small");
        let (reply, ()) = tokio::join!(rig.post(&body), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            rig.wall.set_ahead(hours * 3_600);
        });
        assert_eq!(reply.status, 200);
    }
    let records = rig.sink.wait(42).await;
    let attempts = records.iter().flat_map(|record| &record.span.attempts);
    assert!(attempts.clone().count() >= 42);
    for attempt in attempts {
        assert!((0..5_000_000).contains(&attempt.latency_us), "{attempt:?}");
    }
}

#[tokio::test]
async fn a_pinned_request_stays_where_it_was_pinned() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", Fault::Html, 1.0);
    let reply = rig.post(&ask("sim/large")).await;
    assert_eq!(reply.status, 502);
    assert_eq!(rig.sim.counters("small-1").requests, 0);
}
