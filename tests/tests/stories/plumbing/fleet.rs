//! One story played with many seeds, several at a time, and what came out as a row of a table.

use serde_json::Value;
use tokio::task::JoinSet;

/// Scenes played at once, unless `WEIR_PLUMBING_AT_ONCE` says otherwise: each of them mostly waits.
const AT_ONCE: usize = 4;

/// What came out of one scene.
#[derive(Debug)]
pub(super) struct Seen {
    /// The naive rule promotes the bad candidate.
    fooled: bool,
    /// Weir does, with the poison in its scope.
    promoted: bool,
    state: String,
}

impl Seen {
    /// `canary` as the API shows it.
    pub(super) fn new(fooled: bool, canary: &Value) -> Self {
        let state = canary["state"].as_str().unwrap().to_owned();
        Self { fooled, promoted: state == "promoted", state }
    }

    /// The same where a promotion without the poisoned part is right.
    pub(super) fn unless(self, outside: bool) -> Self {
        Self { promoted: self.promoted && !outside, ..self }
    }
}

/// What came out of all.
pub(super) struct Seens(Vec<Seen>);

fn told(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|number| number.parse().ok())
        .filter(|&number| number > 0)
        .unwrap_or(otherwise)
}

/// Plays `scene` with the seeds from 1, as many as `WEIR_PLUMBING_RUNS` says, once without it.
#[expect(clippy::print_stdout, reason = "a row of the table that `cargo xtask simulate plumbing` prints")]
pub(super) async fn play<F>(name: &str, scene: impl Fn(u64) -> F) -> Seens
where
    F: Future<Output = Seen> + Send + 'static,
{
    let at_once = told("WEIR_PLUMBING_AT_ONCE", AT_ONCE);
    let (mut tasks, mut seen) = (JoinSet::new(), Vec::new());
    for seed in 1..=told("WEIR_PLUMBING_RUNS", 1) as u64 {
        while tasks.len() >= at_once {
            seen.extend(tasks.join_next().await.map(Result::unwrap));
        }
        tasks.spawn(scene(seed));
    }
    while let Some(one) = tasks.join_next().await {
        seen.push(one.unwrap());
    }
    let seens = Seens(seen);
    let ended = |state: &str| seens.count(|one| one.state == state);
    println!(
        "| {name} | {} | {} | {} | {} | {} |",
        seens.0.len(),
        seens.count(|one| one.fooled),
        seens.count(|one| one.promoted),
        ended("rolled_back"),
        ended("held"),
    );
    seens
}

impl Seens {
    fn count(&self, holds: impl Fn(&Seen) -> bool) -> usize {
        self.0.iter().filter(|one| holds(one)).count()
    }

    /// Weir promotes the bad candidate in at most 1 % of runs, and the naive rule in at least `bites` of them.
    #[track_caller]
    pub(super) fn hold(&self, bites: f64) {
        let (promoted, fooled) = (self.count(|one| one.promoted), self.count(|one| one.fooled));
        assert!(promoted * 100 <= self.0.len(), "promoted in {promoted} of {}: {:?}", self.0.len(), self.0);
        let least = (bites * self.0.len() as f64).round();
        assert!(fooled as f64 >= least, "the naive rule is fooled in {fooled} of {} only: {:?}", self.0.len(), self.0);
    }

    /// A good candidate is promoted in at least this share of runs.
    #[track_caller]
    pub(super) fn promoted(&self, share: f64) {
        let promoted = self.count(|one| one.promoted);
        assert!(
            promoted as f64 >= (share * self.0.len() as f64).round(),
            "{promoted} of {}: {:?}",
            self.0.len(),
            self.0
        );
    }
}
