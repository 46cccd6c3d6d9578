//! What may happen to a canary beside good and bad grades: another scorer, a clock that steps back, a controller that was
//! away.

use super::*;

/// A wall clock that is an hour behind; time itself goes on.
struct Behind(Arc<ManualClock>);

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        self.0.now().minus(Duration::from_hours(1))
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Place {
    async fn canary(&self) -> Canary {
        self.store.canary_get(&self.canary.id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn another_version_of_the_scorer_holds_and_evidence_starts_again() {
    let place = Place::new().await;
    place.expose_from(0, START, "v1", 10, 1.0, 1.0).await;
    place.expose_from(100, START.plus(Duration::from_secs(1)), "v2", 10, 1.0, 1.0).await;
    let mut reconciler = place.reconciler();
    reconciler.turn().await.unwrap();
    let held = place.canary().await;
    assert_eq!((held.state, held.held, held.ceiling()), (CanaryState::Held, Some(HoldCause::ScorerChanged), 0.0));
    assert!(held.reason.contains("v1 to v2: 10 pairs archived"), "{}", held.reason);
    let kept = place.store.canary_event_list(&held.id).await.unwrap().pop().unwrap();
    assert_eq!((kept.evidence.pairs, kept.evidence.scorer_version.as_deref()), (10, Some("v1")));

    place.clock.advance(Duration::from_mins(10));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running);
    place.expose_from(200, place.clock.now(), "v2", 200, 1.0, 1.0).await;
    reconciler.turn().await.unwrap();
    let promoted = place.store.canary_event_list(&held.id).await.unwrap().pop().unwrap();
    assert_eq!(promoted.state, CanaryState::Promoted);
    assert_eq!((promoted.evidence.pairs, promoted.evidence.scorer_version.as_deref()), (200, Some("v2")));
}

#[tokio::test]
async fn a_clock_that_steps_back_decides_nothing_new_and_history_keeps_its_order() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    let mut reconciler = place.reconciler();
    reconciler.parts.clock = Arc::new(Behind(Arc::clone(&place.clock)));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running, "what it shows is not yet known to be complete");
    reconciler.parts.clock = place.clock.clone();
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
    let events = place.store.canary_event_list(&place.canary.id).await.unwrap();
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "{events:?}");
}

#[tokio::test]
async fn a_controller_that_was_away_for_longer_than_the_lease_holds_what_it_finds() {
    for (away, state, held) in [(20, CanaryState::Running, None), (31, CanaryState::Held, Some(HoldCause::Lease))] {
        let place = Place::new().await;
        place.reconciler().turn().await.unwrap();
        place.clock.advance(Duration::from_secs(away));
        // Another process, which remembers nothing.
        place.reconciler().turn().await.unwrap();
        let found = place.canary().await;
        assert_eq!((found.state, found.held), (state, held), "away for {away} s");
    }
}

#[tokio::test]
async fn a_scorer_that_is_away_holds_the_canary_and_is_nobodys_fault() {
    let place = Place::new().await;
    let rows = (0..80).map(|number| match number % 2 {
        0 => place.row(number, Arm::Candidate, 0.0).0,
        _ => place.row(number, Arm::Control, 0.0).0,
    });
    let mut tx = place.store.begin_spans().await.unwrap();
    tx.span_insert_many(&rows.collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let mut reconciler = place.reconciler();
    place.clock.advance(Duration::from_secs(60));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running, "a score may take two minutes");
    place.clock.advance(Duration::from_secs(25));
    reconciler.turn().await.unwrap();
    place.clock.advance(Duration::from_secs(25));
    reconciler.turn().await.unwrap();
    place.clock.advance(Duration::from_secs(25));
    reconciler.turn().await.unwrap();
    let held = place.canary().await;
    assert_eq!((held.state, held.held, held.ceiling()), (CanaryState::Held, Some(HoldCause::Scorer), 0.0), "{held:?}");
    assert!(held.reason.contains("the scorer is unwell"), "{}", held.reason);
    assert_eq!(place.admitted().await, ["sim/large"]);
}

#[tokio::test]
async fn people_who_say_that_the_scorer_flatters_the_candidate_stop_its_promotion() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    // People fail what the scorer passes, of the candidate's answers alone; the margin is 0.3.
    let words: Vec<Score> = (0..400)
        .map(|number| {
            let (arm, grade) = if number % 2 == 0 { (Arm::Candidate, 0.0) } else { (Arm::Control, 1.0) };
            Score {
                scorer: weir_store::HUMAN.into(),
                version: "ada".into(),
                source: Source::Api,
                ..place.row(number, arm, grade).1
            }
        })
        .collect();
    place.store.score_insert_many(&words).await.unwrap();
    place.reconciler().turn().await.unwrap();
    let held = place.canary().await;
    assert_eq!((held.state, held.held), (CanaryState::Held, Some(HoldCause::JudgeBias)), "{held:?}");
    let event = place.store.canary_event_list(&held.id).await.unwrap().pop().unwrap();
    let bias = event.evidence.inputs.bias.unwrap();
    assert_eq!((bias.delta, bias.labels), (1.0, 200));
    assert_eq!(place.admitted().await, ["sim/large"]);
}
