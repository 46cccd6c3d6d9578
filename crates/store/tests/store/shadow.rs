//! Same-prompt pairs as a look saw them.

use std::time::Duration;

use tempfile::TempDir;
use weir_core::canary::{CanaryState, Inputs};
use weir_store::Shadow;

use crate::fixture::{START, canary, insert, open, record, score, span_id};

/// That the candidate answered the client's request `n` again.
fn shadow(n: u64) -> Shadow {
    Shadow {
        span_id: span_id(n),
        shadow_id: Some(span_id(100 + n)),
        workload: "maths".into(),
        candidate: "sim/small".into(),
        canary: Some("c-1".into()),
        at: START,
    }
}

#[tokio::test]
async fn what_is_stored_after_a_look_is_not_seen_when_it_is_replayed_however_old_it_is() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).await;
    let mut canary = canary("c-1");
    canary.state = CanaryState::Shadow;
    canary.plan.shadow_pairs = 10;
    insert(&store, &[record(1), record(101), record(2), record(102)]).await;
    store.score_insert_many(&[1, 101, 2, 102].map(|n| score(n, 1.0))).await.unwrap();
    store.shadow_insert(&shadow(1)).await.unwrap();

    let seen = store.exposure_list(&canary.id, START).await.unwrap();
    let look = Inputs {
        now: START.plus(Duration::from_secs(60)),
        score_seq: seen.score_seq,
        shadow_seq: Some(seen.shadow_seq),
        ..Inputs::default()
    };
    let first = store.shadowed(&canary, &look).await.unwrap();
    assert_eq!(first.grades, [(1.0, 1.0)]);

    store.shadow_insert(&shadow(2)).await.unwrap();
    assert_eq!(store.shadowed(&canary, &look).await.unwrap(), first);
    let later = Inputs { shadow_seq: Some(seen.shadow_seq + 1), ..look };
    assert_eq!(store.shadowed(&canary, &later).await.unwrap().grades.len(), 2);
}
