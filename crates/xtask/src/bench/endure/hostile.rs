//! Providers that send too much.

use super::{Goal, Scene, ask, peak_mb, resident_mb};

/// The most memory that one hostile answer may cost, in MiB.
const GOAL_MIB: f64 = 128.0;

pub(super) async fn run(scene: &Scene) -> anyhow::Result<Vec<Goal>> {
    ask(scene.weir, "busy", "warm up", false).await?.1.rest().await?;
    let mut goals = Vec::new();
    println!("hostile:");
    for (model, what) in [("huge", "a body of 192 MiB"), ("bomb", "512 MiB packed as gzip")] {
        for stream in [false, true] {
            let before = resident_mb(scene.pid)?;
            let (head, answer) = ask(scene.weir, model, "how much?", stream).await?;
            answer.rest().await?;
            let cost_mib = (peak_mb(scene.pid)? - before).max(0.0) * 1e6 / f64::from(1 << 20);
            let asked = if stream { "as a stream" } else { "plain" };
            println!("  {what}, {asked}: answered {}, {cost_mib:.0} MiB more than before", head.status().as_u16());
            let met = head.status().is_server_error() && cost_mib <= GOAL_MIB;
            goals.push(Goal { what: format!("{what}, {asked}: {cost_mib:.0} MiB, at most {GOAL_MIB:.0}"), met });
        }
    }
    Ok(goals)
}
