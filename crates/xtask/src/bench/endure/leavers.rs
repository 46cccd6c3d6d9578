//! Callers that leave in the middle of an answer.

use std::{collections::HashMap, time::Duration};

use anyhow::Context;
use tokio::{task::JoinSet, time};

use super::{Goal, Scene, ask, quiet, sockets, upstream::now_us};

/// At once.
const BATCH: usize = 50;
/// The latest that the provider may see it.
const GOAL_MS: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(scene: &Scene, count: usize) -> anyhow::Result<Vec<Goal>> {
    ask(scene.weir, "busy", "warm up", false).await?.1.rest().await?;
    let open = sockets(scene.pid)?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (mut left_at, mut seen_at) = (HashMap::new(), HashMap::new());
    for batch in 0..count.div_ceil(BATCH) {
        let mut tasks = JoinSet::new();
        for nth in batch * BATCH..count.min((batch + 1) * BATCH) {
            let weir = scene.weir;
            tasks.spawn(async move {
                let prompt = format!("caller {nth}");
                let (_, mut answer) = ask(weir, "hang", &prompt, true).await?;
                answer.next().await?.context("nothing was said")?;
                let left = now_us();
                drop(answer);
                Ok::<_, anyhow::Error>((prompt, left))
            });
        }
        while let Some(left) = tasks.join_next().await {
            let (prompt, left) = left??;
            left_at.insert(prompt, left);
        }
        let until = time::Instant::now() + PATIENCE;
        while seen_at.len() < left_at.len() && time::Instant::now() < until {
            let reply = client.get(format!("http://{}/", scene.upstream)).send().await?;
            let seen: Vec<(String, u64)> = serde_json::from_str(&reply.text().await?)?;
            seen_at.extend(seen);
            time::sleep(Duration::from_millis(5)).await;
        }
    }
    let late = |(prompt, left): (&String, &u64)| Some(seen_at.get(prompt)?.saturating_sub(*left) as f64 / 1_000.0);
    let mut late: Vec<f64> = left_at.iter().filter_map(late).collect();
    late.sort_by(f64::total_cmp);
    let [half, most_of, all] = [0.5, 0.99, 1.0].map(|share| super::super::quantile(&late, share));
    let (half, most_of, all) = (half?, most_of?, all?);
    let in_time = late.iter().filter(|&&ms| ms <= GOAL_MS).count();
    println!("leavers: {count} callers leave in the middle, {BATCH} at a time");
    println!("  the provider saw it after {half:.1} ms (p50), {most_of:.1} ms (p99), {all:.1} ms (all)");
    let left = quiet(scene.pid, open + 8).await?;
    Ok(vec![
        Goal { what: format!("{in_time} of {count} within {GOAL_MS:.0} ms"), met: in_time == count },
        Goal { what: format!("{left} sockets are left, {open} were open before"), met: left <= open + 8 },
    ])
}
