//! Three times the load that can be served: a deployment with so many places and no more.

use std::time::Duration;

use tokio::{task::JoinSet, time};

use super::{Goal, Scene, ask, upstream::BUSY};

/// Requests at once that the deployment takes, and as many may wait.
pub(super) const PLACES: usize = 20;
const TIME: Duration = Duration::from_secs(10);

struct Load {
    served_per_s: f64,
    refused: usize,
    /// The slowest refusal in a hundred.
    refused_p99: Duration,
    other: usize,
}

pub(super) async fn run(scene: &Scene) -> anyhow::Result<Vec<Goal>> {
    let capacity = PLACES as f64 / BUSY.as_secs_f64();
    let peak = offer(scene, capacity).await?;
    let over = offer(scene, 3.0 * capacity).await?;
    let kept = over.served_per_s / peak.served_per_s;
    println!("overload: {PLACES} places, {} ms an answer: {capacity:.0} requests/s can be served", BUSY.as_millis());
    println!("  offered once:  {:.0}/s served, {} refused", peak.served_per_s, peak.refused);
    println!(
        "  offered thrice: {:.0}/s served, {} refused, the slowest in a hundred after {} ms",
        over.served_per_s,
        over.refused,
        over.refused_p99.as_millis()
    );
    let odd = peak.other + over.other;
    Ok(vec![
        Goal { what: format!("goodput {:.0} % of the peak, at least 90 %", 100.0 * kept), met: kept >= 0.9 },
        Goal {
            what: format!("refused within {} ms, at most 1,000", over.refused_p99.as_millis()),
            met: over.refused_p99 <= Duration::from_secs(1) && over.refused > 0,
        },
        Goal { what: format!("{odd} answers that are neither 200 nor a refusal"), met: odd == 0 },
    ])
}

/// So many requests a second, whatever becomes of them.
async fn offer(scene: &Scene, per_s: f64) -> anyhow::Result<Load> {
    let mut tasks = JoinSet::new();
    let mut tick = time::interval(Duration::from_secs_f64(1.0 / per_s));
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Burst);
    let started = time::Instant::now();
    while started.elapsed() < TIME {
        tick.tick().await;
        let weir = scene.weir;
        tasks.spawn(async move {
            let sent = time::Instant::now();
            let (head, answer) = ask(weir, "busy", "now", false).await?;
            answer.rest().await?;
            Ok::<_, anyhow::Error>((head.status().as_u16(), sent.elapsed()))
        });
    }
    let (mut served, mut refused, mut other) = (0, Vec::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        match ended? {
            Ok((200, _)) => served += 1,
            Ok((429 | 503, took)) => refused.push(took),
            _ => other += 1,
        }
    }
    refused.sort_unstable();
    let refused_p99 = super::super::quantile(&refused, 0.99).unwrap_or_default();
    let served_per_s = f64::from(served) / started.elapsed().as_secs_f64();
    Ok(Load { served_per_s, refused: refused.len(), refused_p99, other })
}
