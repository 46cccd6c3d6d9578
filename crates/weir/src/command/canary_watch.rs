//! `weir canary watch ID`: a line whenever the canary moved, until it is over. Woken by the server's events, so a
//! quiet canary costs nothing; while scores pour in it is read at most once a second, and at once when its state changes.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    canary::find,
    client::{Client, Events},
    failure::{FINE, Failure, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
};

const PACE: Duration = Duration::from_secs(1);

const ROW: [Column; 8] = [
    column("changed_at", "changed_at", Look::Time),
    column("state", "state", Look::State),
    column("share", "share", Look::Share),
    column("pairs", "evidence/pairs", Look::Count),
    column("delta", "evidence/delta", Look::Grade),
    column("lower", "evidence/lower", Look::Grade),
    column("upper", "evidence/upper", Look::Grade),
    column("verdict", "verdict", Look::Text),
];

/// True of a canary that will not move again.
pub(super) fn is_over(canary: &Value) -> bool {
    !matches!(canary["state"].as_str(), Some("awaiting_approval" | "shadow" | "running" | "held" | "verifying"))
}

pub(super) async fn run(client: &Client, out: &mut Out<'_, '_>, id: &str) -> Outcome {
    // The stream before the first reading: what happens in between is not missed.
    let mut events = client.stream("/live/events").await?;
    let mut shown = Value::Null;
    loop {
        let mut canary = find(client, id).await?.value;
        if let Some(canary) = canary.as_object_mut() {
            // A line is where it stands; its history is what `show` is for.
            canary.remove("events");
            canary.remove("series");
        }
        if shown.is_null() {
            out.head(&ROW)?;
        }
        if shown != canary {
            out.row(&canary, &ROW)?;
        }
        if is_over(&canary) {
            out.next(&format!("weir canary show {id}"))?;
            return Ok(if canary["state"] == "promoted" { FINE } else { NEGATIVE });
        }
        shown = canary;
        moved(&mut events).await?;
    }
}

/// Returns when the canary may have moved.
async fn moved(events: &mut Events<'_>) -> Result<(), Failure> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace.tick().await;
    let mut scored = false;
    loop {
        tokio::select! {
            event = events.next() => match event?.0.as_str() {
                "canary" | "policy" => return Ok(()),
                "score" | "window" => scored = true,
                _ => {}
            },
            _ = pace.tick(), if scored => return Ok(()),
        }
    }
}
