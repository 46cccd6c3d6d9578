//! Event streams: what is committed is told, once, and can be taken up again.

use axum::{
    body::{Body, BodyDataStream},
    http::{Method, StatusCode},
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_core::decision::Arm;

use crate::fixture::{Home, exposed, open, record, request, score, span_id};

/// A connected stream and what of it was not read yet.
struct Listener {
    body: BodyDataStream,
    text: String,
}

/// One event: its name, its id, its data.
type Told = (String, Option<String>, Value);

async fn listen(home: &Home, topic: &str, last_id: Option<&str>) -> Listener {
    let mut request = request(Method::GET, &format!("/api/v1/live/{topic}"));
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    let response = home.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("content-encoding"));
    let mut listener = Listener { body: response.into_body().into_data_stream(), text: String::new() };
    // The greeting: from here on nothing is missed.
    listener.block().await.unwrap();
    listener
}

impl Listener {
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
    async fn next(&mut self) -> Option<Told> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            if let Some(event) = field("event") {
                let data = serde_json::from_str(field("data").unwrap()).unwrap();
                return Some((event.to_owned(), field("id").map(str::to_owned), data));
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_told_when_it_is_recorded() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    let mut listener = listen(&home, "traces", None).await;
    home.record(&[record(2, "sim/small")]).await;
    let (event, id, row) = listener.next().await.unwrap();
    assert_eq!((event.as_str(), id.as_deref()), ("trace", Some("2")));
    assert_eq!(row["span_id"], span_id(2).to_string());
    assert_eq!(row["deployment"], "sim/small");
}

#[tokio::test]
async fn a_listener_that_returns_goes_on_after_the_last_it_saw() {
    let home = open().await;
    let records: Vec<_> = (1..=3).map(|n| record(n, "sim/large")).collect();
    home.record(&records).await;
    let mut listener = listen(&home, "traces", Some("1")).await;
    for n in 2..=3 {
        let (_, id, row) = listener.next().await.unwrap();
        assert_eq!(id, Some(n.to_string()));
        assert_eq!(row["span_id"], span_id(n).to_string());
    }
}

#[tokio::test]
async fn what_comes_too_fast_is_counted_and_the_newest_is_told() {
    let home = open().await;
    let records: Vec<_> = (1..=250).map(|n| record(n, "sim/large")).collect();
    home.record(&records).await;
    let mut listener = listen(&home, "traces", Some("10")).await;
    let (event, _, dropped) = listener.next().await.unwrap();
    assert_eq!((event.as_str(), dropped), ("dropped", json!({"dropped": 40})));
    let (_, first, _) = listener.next().await.unwrap();
    assert_eq!(first.as_deref(), Some("51"));
}

#[tokio::test]
async fn a_score_a_window_and_a_canary_are_told_on_the_events_topic() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    let mut listener = listen(&home, "events", None).await;
    home.score(&[score(1, "sim/large", 1.0)]).await;
    let mut told = vec![listener.next().await.unwrap().0];
    told.push(listener.next().await.unwrap().0);
    told.sort();
    assert_eq!(told, ["score", "window"]);

    home.clock.advance(std::time::Duration::from_secs(1));
    let body = json!({"workload": "maths", "candidate": "sim/small"});
    assert_eq!(home.post("/api/v1/canaries", &body).await.status, StatusCode::CREATED);
    let (event, id, data) = listener.next().await.unwrap();
    assert_eq!((event.as_str(), data["kind"].as_str()), ("canary", Some("started")));
    let mut again = listen(&home, "events", Some("0")).await;
    let mut last = again.next().await.unwrap();
    assert_eq!((last.0.as_str(), &last.2["kind"]), ("policy", &json!("revised")));
    while last.1 != id {
        last = again.next().await.unwrap();
    }
    assert_eq!(last.2, data, "a listener that returns is told what it missed");
}

#[tokio::test]
async fn a_canary_is_told_when_it_moves_when_its_pairs_say_more_and_when_it_is_over() {
    let home = open().await;
    let body = json!({"workload": "maths", "candidate": "sim/small", "margin": 0.05});
    let canary = home.post("/api/v1/canaries", &body).await.json();
    let id = canary["id"].as_str().unwrap();
    let mut listener = listen(&home, "canaries", None).await;
    let (event, _, row) = listener.next().await.unwrap();
    assert_eq!((event.as_str(), &row), ("canary", &canary), "who begins to listen is told of those that are open");

    let arms = [(Arm::Candidate, "sim/small"), (Arm::Control, "sim/large")];
    for n in 1..=20_u64 {
        let (arm, deployment) = arms[usize::from(n % 2 == 0)];
        home.record(&[exposed(n * 1_000, id, arm)]).await;
        home.score(&[score(n * 1_000, deployment, 1.0)]).await;
    }
    home.clock.advance(std::time::Duration::from_secs(60));
    let mut row = listener.next().await.unwrap().2;
    while row["evidence"]["pairs"] != 10 {
        row = listener.next().await.unwrap().2;
    }
    // Time alone is nothing new: what comes next is the order.
    home.clock.advance(std::time::Duration::from_secs(1));
    for (word, state) in [("pause", "held"), ("roll_back", "rolled_back")] {
        let path = format!("/api/v1/canaries/{id}/{word}");
        let told = home.post(&path, &json!({"reason": "rude"})).await.json();
        let (_, _, row) = listener.next().await.unwrap();
        assert_eq!((&row["state"], &row["etag"]), (&json!(state), &told["etag"]));
    }
    // It was told for the last time: the next that is told is another.
    let next =
        home.post("/api/v1/canaries", &json!({"workload": "maths", "candidate": "sim/small", "cooldown_ms": 0})).await;
    assert_eq!(next.status, StatusCode::CREATED, "{next:?}");
    assert_eq!(listener.next().await.unwrap().2["id"], next.json()["id"]);
}

#[tokio::test]
async fn streams_end_at_shutdown() {
    let home = open().await;
    let mut traces = listen(&home, "traces", None).await;
    let mut events = listen(&home, "events", None).await;
    let mut canaries = listen(&home, "canaries", None).await;
    home.stop.cancel();
    assert!(traces.next().await.is_none() && events.next().await.is_none() && canaries.next().await.is_none());
}
