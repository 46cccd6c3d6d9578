//! How many questions one model may have at once: one more after each round that went well, half after a refusal for
//! rate or an overload (additive increase, multiplicative decrease, as in TCP), and none before the time that the
//! provider named.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// Most questions at once to one model.
const MOST: f64 = 16.0;
/// Where a model begins.
const START: f64 = 8.0;
/// Longest rest that a provider can ask for.
const MOST_REST: Duration = Duration::from_mins(5);

/// Between two looks at a gate that is full.
const LOOK: Duration = Duration::from_millis(100);

/// Every model's gate.
#[derive(Debug, Default)]
pub(super) struct Gates(Mutex<HashMap<String, Arc<Gate>>>);

#[derive(Debug)]
struct Gate {
    state: Mutex<State>,
    left: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may be inside, 1 or more.
    limit: f64,
    inside: usize,
    not_before: Option<Instant>,
}

/// Leave to ask; given back when dropped.
#[derive(Debug)]
pub(super) struct Leave(Arc<Gate>);

impl Gates {
    /// Waits for leave to ask this model.
    pub(super) async fn enter(&self, model: &str) -> Leave {
        let gate = Arc::clone(
            self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(model.to_owned()).or_insert_with(|| {
                let state = State { limit: START, inside: 0, not_before: None };
                Arc::new(Gate { state: Mutex::new(state), left: Notify::new() })
            }),
        );
        loop {
            // Before the look, so that who leaves between look and wait is heard.
            let left = gate.left.notified();
            match gate.try_enter(Instant::now()) {
                Ok(()) => {
                    drop(left);
                    return Leave(gate);
                }
                Err(Some(until)) => tokio::time::sleep_until(until).await,
                // With a bound: several may leave while one only looks.
                Err(None) => drop(tokio::time::timeout(LOOK, left).await),
            }
        }
    }
}

impl Gate {
    /// Enters, or says until when nobody may.
    fn try_enter(&self, now: Instant) -> Result<(), Option<Instant>> {
        let mut state = self.lock();
        match state.not_before {
            Some(until) if until > now => return Err(Some(until)),
            _ => state.not_before = None,
        }
        if state.inside >= state.limit as usize {
            return Err(None);
        }
        state.inside += 1;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// It answered.
    pub(super) fn went_well(&self) {
        let mut state = self.0.lock();
        state.limit = (state.limit + 1.0 / state.limit).min(MOST);
    }

    /// It refused for rate, was overloaded or too slow; `rest` is how long it asks to be left alone.
    pub(super) fn refused(&self, rest: Option<Duration>) {
        let mut state = self.0.lock();
        state.limit = (state.limit / 2.0).max(1.0);
        if let Some(rest) = rest {
            let until = Instant::now() + rest.min(MOST_REST);
            state.not_before = Some(state.not_before.map_or(until, |known| known.max(until)));
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.lock().inside -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refusal_halves_what_may_be_asked_and_its_rest_is_kept() {
        let gates = Gates::default();
        let mut inside = Vec::new();
        for _ in 0..8 {
            inside.push(gates.enter("judge").await);
        }
        assert!(tokio::time::timeout(Duration::from_secs(1), gates.enter("judge")).await.is_err());
        // Another model has a gate of its own.
        drop(gates.enter("other").await);
        inside[0].refused(Some(Duration::from_secs(7)));
        inside.clear();
        let asked = Instant::now();
        for _ in 0..4 {
            inside.push(gates.enter("judge").await);
        }
        assert!(asked.elapsed() >= Duration::from_secs(7));
        assert!(tokio::time::timeout(Duration::from_secs(1), gates.enter("judge")).await.is_err());
        // Four good answers make room for one more.
        inside.iter().for_each(Leave::went_well);
        inside[3].went_well();
        assert!(tokio::time::timeout(Duration::from_secs(1), gates.enter("judge")).await.is_ok());
    }
}
