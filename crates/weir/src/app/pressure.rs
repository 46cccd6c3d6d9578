//! Memory. Near its limit the kernel would end the whole process and every stream with it; refusing what is new keeps
//! what is under way.

use std::{fs, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;

/// Between two looks: at a gigabyte a second, a tenth of it more may be used before it is seen.
const LOOK: Duration = Duration::from_millis(100);
/// From this share of the limit on new requests are refused, and until it is below the second one.
const SHED: f64 = 0.85;
const CALM: f64 = 0.80;

/// Tells when memory begins and ceases to be short, until `stop`.
pub(super) async fn watch(limit: u64, tell: impl Fn(bool), stop: CancellationToken) {
    follow(used, limit, tell, stop).await;
}

/// `used`: bytes; it ends where there is no figure.
async fn follow(mut used: impl FnMut() -> Option<u64>, limit: u64, tell: impl Fn(bool), stop: CancellationToken) {
    let mut short = false;
    let mut tick = time::interval(LOOK);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let Some(used) = used() else { return };
        let now = is_short(short, used, limit);
        if now != short {
            tell(now);
            let (used_mb, limit_mb) = (used / 1_000_000, limit / 1_000_000);
            if now {
                tracing::warn!(used_mb, limit_mb, "memory is short: new requests are refused");
            } else {
                tracing::info!(used_mb, limit_mb, "memory is no longer short");
            }
        }
        short = now;
    }
}

/// With two bounds, so that it does not flap at one.
fn is_short(was: bool, used: u64, limit: u64) -> bool {
    used as f64 >= if was { CALM } else { SHED } * limit as f64
}

/// Resident memory in bytes; `None` where the system does not say.
fn used() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

/// The limit of this process's control group, in bytes; `None` without one.
pub(super) fn limit() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").trim_end_matches('/').to_owned();
    // A container sees its own group as the root.
    let files = [format!("/sys/fs/cgroup{path}/memory.max"), "/sys/fs/cgroup/memory.max".to_owned()];
    files.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_short_from_85_in_a_hundred_until_below_80() {
        let readings = [10, 84, 85, 99, 80, 79, 84, 85, 79];
        let (read, told, started) = (Cell::new(0), RefCell::new(Vec::new()), time::Instant::now());
        let used = || {
            let reading = readings.get(read.get()).copied()?;
            read.set(read.get() + 1);
            Some(reading)
        };
        let tell = |short| told.borrow_mut().push((readings[read.get() - 1], short));
        follow(used, 100, tell, CancellationToken::new()).await;
        assert_eq!(*told.borrow(), [(85, true), (79, false), (85, true), (79, false)]);
        assert_eq!(started.elapsed(), LOOK * readings.len() as u32, "it is looked for ten times a second");
    }

    #[test]
    fn what_this_process_uses_is_known() {
        assert!(used().is_some_and(|used| used > 1_000_000));
    }
}
