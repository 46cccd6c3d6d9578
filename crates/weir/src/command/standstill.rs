//! Debug builds only: `WEIR_STAND_AT=7` makes canaries' changes stand still for good at their seventh step, and the log
//! says so, so that a drill can `kill -9` a real process at every line that matters. Release builds do not contain this.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use weir_store::Steps;

/// The watcher of steps that the environment asks for.
pub(super) fn steps() -> Option<Steps> {
    let last: u64 = super::env("WEIR_STAND_AT")?.parse().ok()?;
    let passed = AtomicU64::new(0);
    Some(Steps(Arc::new(move |name| {
        if passed.fetch_add(1, Relaxed) + 1 < last {
            return true;
        }
        tracing::error!("a drill stands still at step {last}, {name}");
        loop {
            thread::park();
        }
    })))
}
