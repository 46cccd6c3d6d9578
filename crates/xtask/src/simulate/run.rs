//! Runs spread over the cores with a progress bar, and words for what came out. A run depends on its number alone.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use indicatif::{ProgressBar, ProgressStyle};

/// Results of runs `0..runs`, in order.
pub(super) fn each<T: Send>(what: &str, runs: u32, one: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let bar = ProgressBar::new(u64::from(runs));
    if let Ok(style) = ProgressStyle::with_template("{msg:40} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    let next = AtomicU64::new(0);
    let done = Mutex::new(Vec::with_capacity(runs as usize));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= u64::from(runs) {
                        return;
                    }
                    let result = one(run);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((run, result));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(run, _)| *run);
    done.into_iter().map(|(_, result)| result).collect()
}

/// How many, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) count: u32,
    pub(super) of: u32,
}

impl Rate {
    pub(super) fn of<T>(results: &[T], holds: impl Fn(&T) -> bool) -> Self {
        Self { count: results.iter().filter(|result| holds(result)).count() as u32, of: results.len() as u32 }
    }

    pub(super) fn share(self) -> f64 {
        f64::from(self.count) / f64::from(self.of.max(1))
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} %", 100.0 * self.share())
    }
}

/// The value below which this share lies, or `None` when there are no values.
pub(super) fn quantile(values: &[u32], share: f64) -> Option<u32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().checked_sub(1)?)).copied()
}

/// A number, or a dash.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}
