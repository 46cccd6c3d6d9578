//! Slow streams at once.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet, time};

use super::{
    Goal, Scene, ask, quiet, resident_mb, sockets,
    upstream::{PAUSE, TOKENS},
};

/// The most memory that one stream may cost, in KiB.
const GOAL_KIB: f64 = 64.0;
/// Streams that are being opened at once, so that the listener's backlog is not what is measured.
const OPENING: usize = 100;

pub(super) async fn run(scene: &Scene, count: usize) -> anyhow::Result<Vec<Goal>> {
    for _ in 0..5 {
        ask(scene.weir, "busy", "warm up", false).await?.1.rest().await?;
    }
    let (before, open) = (resident_mb(scene.pid)?, sockets(scene.pid)?);
    let mut tasks = JoinSet::new();
    let started = time::Instant::now();
    let opening = Arc::new(Semaphore::new(OPENING));
    for _ in 0..count {
        let (weir, opening) = (scene.weir, Arc::clone(&opening));
        tasks.spawn(async move {
            let place = opening.acquire_owned().await?;
            let (head, answer) = ask(weir, "slow", "take your time", true).await?;
            drop(place);
            anyhow::ensure!(head.status() == 200, "answered {}", head.status());
            Ok::<_, anyhow::Error>(answer.rest().await?.ends_with(b"data: [DONE]\n\n"))
        });
    }
    let (mut peak, mut most) = (before, 0);
    let (mut whole, mut broken) = (0, Vec::new());
    let mut tick = time::interval(Duration::from_millis(250));
    while !tasks.is_empty() {
        tokio::select! {
            Some(ended) = tasks.join_next() => match ended? {
                Ok(true) => whole += 1,
                Ok(false) => broken.push("cut short".to_owned()),
                Err(error) => broken.push(format!("{error:#}")),
            },
            _ = tick.tick() => {
                peak = resident_mb(scene.pid)?.max(peak);
                most = sockets(scene.pid)?.max(most);
            }
        }
    }
    let took = started.elapsed();
    // Each holds two sockets, its caller's and its provider's.
    let at_once = (most.saturating_sub(open) / 2).clamp(1, count);
    let each_kib = (peak - before) * 1e6 / 1_024.0 / at_once as f64;
    println!(
        "streams: {count} of {TOKENS} tokens, one every {} s, in {:.0} s; {at_once} of them at once",
        PAUSE.as_secs(),
        took.as_secs_f64()
    );
    println!("  resident memory {before:.0} MB before, {peak:.0} MB at most: {each_kib:.1} KiB for each stream");
    broken.dedup();
    if let Some(first) = broken.first() {
        println!("  {} ended badly, such as: {first}", count - whole);
    }
    let left = quiet(scene.pid, open + 8).await?;
    Ok(vec![
        Goal { what: format!("{whole} of {count} streams complete"), met: whole == count },
        Goal { what: format!("{each_kib:.1} KiB each, at most {GOAL_KIB:.0}"), met: each_kib <= GOAL_KIB },
        Goal { what: format!("{left} sockets are left, {open} were open before"), met: left <= open + 520 },
    ])
}
