//! What a process used, from `/proc`.

use std::fs;

use anyhow::Context;

/// Ticks of `/proc/PID/stat` in a second: fixed in Linux' interface, whatever the kernel's own clock does.
const TICKS: f64 = 100.0;

/// CPU seconds of all threads, in user and kernel mode.
pub(crate) fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process has ended")?;
    ticks(&text).map(|ticks| ticks as f64 / TICKS).with_context(|| format!("odd stat line `{text}`"))
}

/// Resident memory in MB.
pub(crate) fn rss_mb(pid: u32) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).context("no VmRSS")?;
    Ok(kib * 1_024.0 / 1e6)
}

/// Fields 14 and 15, counted after the name, which may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let kernel: u64 = fields.get(12)?.parse().ok()?;
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_moves_no_field() {
        let line = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 31 11 0 0 20 0 4 0 99 0 0";
        assert_eq!(ticks(line), Some(42));
    }
}
