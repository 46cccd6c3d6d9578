//! A database that somebody else holds: requests go on, scores are refused rather than lost, and what was spooled is
//! stored once the lock is gone.

use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::rig::{MATHS, Rig, eventually, item};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_locked_requests_are_served_and_nothing_is_lost() {
    let rig = Rig::start(MATHS).await;
    let before = rig.chat("weir/maths", &item(0).0).await.expect(200);
    rig.scored(before.span()).await;

    let mut other = SqliteConnection::connect(&format!("sqlite://{}", rig.database().display())).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let mut spans = Vec::new();
    for number in 1..=60 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        spans.push(reply.span().to_owned());
    }
    assert_eq!(rig.get("/readyz").await.status, 200);
    assert_eq!(
        rig.get(&format!("/api/v1/traces/{}", spans[0])).await.status,
        404,
        "it is in the spool, not in the store"
    );
    let refused = rig.grade(before.span(), "thumbs", 1.0).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("W0502")));
    assert_eq!(refused.header("retry-after"), "1");
    spans.push(rig.chat("weir/maths", &item(61).0).await.expect(200).span().to_owned());

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    for span in &spans {
        rig.scored(span).await;
    }
    eventually("the score is taken", async || {
        (rig.grade(before.span(), "thumbs", 1.0).await.status == 201).then_some(())
    })
    .await;
    rig.stop().await;
}
