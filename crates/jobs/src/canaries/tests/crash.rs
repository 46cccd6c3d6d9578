//! Ended at every numbered step of a promotion and of a rollback, through the real store: what is in memory is lost, an
//! open transaction is dropped, and a new reconciler resumes.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::*;

/// Ends at the step with this number, from 1, and at every step from then on: a dead process does nothing more.
async fn ended_at(last: usize, candidate: f64) -> (Place, usize) {
    let passed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&passed);
    let armed = Arc::new(AtomicUsize::new(0));
    let arm = Arc::clone(&armed);
    let steps = Steps(Arc::new(move |_| arm.load(SeqCst) == 0 || count.fetch_add(1, SeqCst) + 1 < last));
    let place = Place::watched(Some(steps)).await;
    place.expose(200, candidate, 1.0).await;
    armed.store(1, SeqCst);
    let mut doomed = place.reconciler();
    let ended = doomed.turn().await.is_err();
    let exposed = doomed.parts.live.gates().of(&place.canary.id).is_open(place.canary.version);
    let seen = passed.load(SeqCst);
    armed.store(0, SeqCst);
    let state = place.state().await;
    if ended && candidate < 1.0 && state == CanaryState::RolledBack {
        assert!(!exposed, "a rollback is published before it is stored");
    }
    if ended {
        let mut next = place.reconciler();
        next.turn().await.unwrap();
        next.turn().await.unwrap();
    }
    (place, if ended { seen } else { 0 })
}

#[tokio::test]
async fn ended_at_any_step_a_change_happens_exactly_once() {
    for (candidate, state, revisions) in [(1.0, CanaryState::Promoted, 2), (0.0, CanaryState::RolledBack, 1)] {
        let mut step = 1;
        loop {
            let (place, ended) = ended_at(step, candidate).await;
            assert_eq!(place.state().await, state, "ended at step {step}");
            assert_eq!(place.store.policy_list(&place.canary.workload).await.unwrap().len(), revisions);
            let events = place.store.canary_event_list(&place.canary.id).await.unwrap();
            assert_eq!(events.len(), 2, "ended at step {step}: {events:?}");
            assert_eq!(place.store.chain_check().await.unwrap().broken_at, None);
            if ended == 0 {
                break;
            }
            step += 1;
        }
        assert!(step >= 7, "only {step} steps were ended at");
    }
}
