//! Posted scores: durable, idempotent, bound to the tenant.

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_core::{
    score::Source,
    span::{Origin, Outcome},
};

use crate::fixture::{DEV, OPS, OTHER, keyed, record, span_id};

fn body(n: u64, value: f64) -> Value {
    json!({"span_id": span_id(n).to_string(), "name": "thumb", "value": value, "explanation": "good"})
}

#[tokio::test]
async fn a_score_that_overtakes_its_span_waits_for_it() {
    let home = keyed().await;
    let score = body(1, 0.9);
    let (posted, ()) = tokio::join!(home.post_as(DEV, "/api/v1/scores", &score), async {
        home.record(&[record(1, "sim/large")]).await;
    });
    assert_eq!(posted.status, StatusCode::CREATED, "{posted:?}");
}

#[tokio::test]
async fn a_score_is_stored_once_with_the_decisions_propensity() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let first = home.post_as(DEV, "/api/v1/scores", &body(1, 0.9)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let json = first.json();
    assert_eq!(
        json,
        json!({"span_id": span_id(1).to_string(), "name": "thumb", "value": 0.9, "seq": json["seq"], "duplicate": false})
    );
    let again = home.post_as(DEV, "/api/v1/scores", &body(1, 0.1)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["duplicate"], true);
    assert_eq!(again.json()["seq"], json["seq"]);

    let stored = home.store.score_list(span_id(1)).await.unwrap();
    let [row] = stored.as_slice() else { panic!("{stored:?}") };
    assert_eq!(row.score.source, Source::Api);
    assert_eq!(&*row.score.version, "manual");
    assert_eq!(row.score.deployment.as_str(), "sim/large");
    assert_eq!((row.score.p_sample, row.score.propensity), (1.0, 0.95));
    assert_eq!(row.score.at, home.now());
}

#[tokio::test]
async fn another_version_of_a_scorer_is_another_score() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    for version in ["a", "b"] {
        let mut body = body(1, 1.0);
        body["version"] = version.into();
        let got = home.post_as(DEV, "/api/v1/scores", &body).await;
        assert_eq!(got.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_span_of_another_tenant_does_not_exist() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let foreign = home.post_as(OTHER, "/api/v1/scores", &body(1, 0.0)).await;
    let unknown = home.post_as(OTHER, "/api/v1/scores", &body(2, 0.0)).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let name = |n: u64| span_id(n).to_string();
    assert_eq!(
        foreign.message().replace(&name(1), "x"),
        unknown.message().replace(&name(2), "x"),
        "the two cannot be told apart"
    );
    let admin = home.post_as(OPS, "/api/v1/scores", &body(1, 0.5)).await;
    assert_eq!(admin.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_no_grade_of_an_answer_is_refused() {
    let home = keyed().await;
    let mut failed = record(2, "sim/large");
    failed.span.outcome = Outcome::Failed { code: "W0402".into(), message: "too late".into() };
    failed.span.attempts[0].error = Some("timeout".into());
    home.record(&[record(1, "sim/large"), failed]).await;
    for value in [-0.01, 1.01, 1e300] {
        let got = home.post_as(DEV, "/api/v1/scores", &body(1, value)).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
    }
    for name in ["", " padded", "new\nline", &"x".repeat(101)] {
        let mut body = body(1, 0.5);
        body["name"] = name.into();
        let got = home.post_as(DEV, "/api/v1/scores", &body).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{name:?}");
    }
    let got = home.post_as(DEV, "/api/v1/scores", &body(2, 0.5)).await;
    assert_eq!((got.status, got.code()), (StatusCode::CONFLICT, "W0107".to_owned()));
    let mut body = body(1, 0.5);
    body["span_id"] = "not-an-id".into();
    let got = home.post_as(DEV, "/api/v1/scores", &body).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert!(home.store.score_list(span_id(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_locked_store_says_so_and_when_to_come_back() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let held = home.store.begin_spans().await.unwrap();
    let got = home.post_as(DEV, "/api/v1/scores", &body(1, 0.9)).await;
    assert_eq!((got.status, got.code()), (StatusCode::SERVICE_UNAVAILABLE, "W0502".to_owned()));
    assert_eq!(got.headers["retry-after"], "1");
    // Dropped, it would be rolled back some time later.
    held.commit().await.unwrap();
    let got = home.post_as(DEV, "/api/v1/scores", &body(1, 0.9)).await;
    assert_eq!(got.status, StatusCode::CREATED, "nothing was stored by the refused one");
}

/// M2 of the reliability table: one key cannot fill the log or keep others from writing.
#[tokio::test]
async fn a_flood_of_scores_is_stopped_for_its_own_key_alone() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let mut statuses = Vec::new();
    for _ in 0..1_100 {
        // Out of range, so that nothing is written and the bucket alone is at work.
        statuses.push(home.post_as(DEV, "/api/v1/scores", &body(1, 7.0)).await);
    }
    let refused = statuses.iter().filter(|got| got.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(refused, 100, "five seconds' worth at once, and the clock stands still");
    let last = statuses.last().unwrap();
    assert_eq!((last.code(), last.headers["retry-after"].to_str().unwrap()), ("W0110".to_owned(), "1"));
    let other = home.post_as(OPS, "/api/v1/scores", &body(1, 0.5)).await;
    assert_eq!(other.status, StatusCode::CREATED);
}

/// M2: what a configured scorer says steers routing, so nobody else may say it.
#[tokio::test]
async fn nobody_speaks_in_the_name_of_a_configured_scorer_or_grades_what_weir_asked_itself() {
    let home = keyed().await;
    let mut probe = record(2, "sim/large");
    probe.span.origin = Origin::Probe;
    home.record(&[record(1, "sim/large"), probe]).await;
    let mut spoofed = body(1, 1.0);
    spoofed["name"] = "exact".into();
    for key in [DEV, OPS] {
        let got = home.post_as(key, "/api/v1/scores", &spoofed).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
    }
    let got = home.post_as(OPS, "/api/v1/scores", &body(2, 1.0)).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(home.store.score_list(span_id(1)).await.unwrap().is_empty());
}
