//! What needs a person now, for the top of the front page: each in one sentence, with the page that shows it.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{DeploymentId, NanoUsd, Timestamp, snapshot::Snapshot};
use weir_router::Health;
use weir_store::{Event, EventKind};

use crate::{
    budget,
    deployment::rejected_keys,
    problem::Reply,
    state::App,
    workload::{WorkloadRow, WorkloadState},
};

/// Share of a budget from which on it is told.
const NEAR: f64 = 0.9;

/// Something a person should look at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attention {
    /// `below_floor`, `key_rejected`, `breaker_open`, `rolled_back`, `budget` or `jobs_dead`.
    kind: &'static str,
    workload: Option<String>,
    text: String,
    /// The page that shows it.
    href: String,
}

impl Attention {
    fn new(kind: &'static str, text: String, href: impl Into<String>) -> Self {
        Self { kind, workload: None, text, href: href.into() }
    }

    fn of(self, workload: &str) -> Self {
        Self { workload: Some(workload.to_owned()), ..self }
    }
}

/// Everything, what callers feel first.
pub(crate) async fn list(
    app: &App,
    snapshot: &Snapshot,
    workloads: &[WorkloadRow],
    events: &[Event],
    since: Timestamp,
) -> Reply<Vec<Attention>> {
    let mut items: Vec<Attention> = workloads.iter().filter_map(below_floor).collect();
    deployments(app, snapshot, &mut items);
    let fresh = |event: &&Event| event.kind == EventKind::RolledBack && event.at >= since;
    items.extend(events.iter().filter(fresh).map(|event| {
        let href = event.canary.as_ref().map_or_else(|| "/canaries".to_owned(), |id| format!("/canaries/{id}"));
        let text = format!("canary on {} was rolled back: {}", event.workload, event.text);
        Attention::new("rolled_back", text, href).of(event.workload.as_str())
    }));
    budgets(app, &mut items).await?;
    let dead = app.store.job_counts().await?.dead;
    if dead > 0 {
        items.push(Attention::new("jobs_dead", format!("{dead} jobs were given up"), "/system"));
    }
    Ok(items)
}

fn below_floor(row: &WorkloadRow) -> Option<Attention> {
    let (WorkloadState::BelowFloor, Some(quality), Some(floor)) = (row.state, row.quality, row.floor) else {
        return None;
    };
    let text = format!("{} delivers {:.3}, at most {:.3}; its floor is {floor}", row.id, quality.value, quality.upper);
    Some(Attention::new("below_floor", text, format!("/workloads/{}", row.id)).of(&row.id))
}

fn deployments(app: &App, snapshot: &Snapshot, items: &mut Vec<Attention>) {
    let uptime = app.clock.elapsed();
    // One key may serve several deployments: it is told once, with the first of them.
    let mut told = BTreeSet::new();
    for (id, deployment) in &snapshot.deployments {
        let rejected = rejected_keys(app, id);
        let fresh: Vec<&String> = rejected.iter().filter(|key| !told.contains(*key)).collect();
        if let Some((first, more)) = fresh.split_first() {
            let and = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let text = format!(
                "{} refuses the key {first}{and} of {id}: it is wrong or revoked, or its account is empty",
                deployment.provider
            );
            items.push(Attention::new("key_rejected", text, shown(id)));
        }
        let is_open = app.live.vital(id).is_some_and(|vital| vital.health(uptime) == Health::Open);
        if is_open && rejected.is_empty() {
            items.push(Attention::new("breaker_open", format!("{id} keeps failing and rests"), shown(id)));
        }
        told.extend(rejected);
    }
}

/// The page with this deployment opened.
fn shown(id: &DeploymentId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte);
    let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("/deployments?open={}", id.as_str().bytes().map(escaped).collect::<String>())
}

async fn budgets(app: &App, items: &mut Vec<Attention>) -> Reply<()> {
    for row in budget::own(app).await? {
        let what = if row.kind == "probes" { "golden probes" } else { "shadow answers" };
        let who = format!("{what} on {}", row.workload);
        if let Some(text) = nearly_gone(&who, row.spent_usd, row.max_usd_per_day, "nothing is asked") {
            items.push(Attention::new("budget", text, "/cost").of(&row.workload));
        }
    }
    let settings = app.settings.load_full();
    let limited: Vec<_> = settings.keys.callers().filter_map(|key| Some((&key.name, key.max_per_day?))).collect();
    if limited.is_empty() {
        return Ok(());
    }
    let spent = budget::of_keys(app).await?;
    for (name, most) in limited {
        let gone = spent.get(&**name).copied().unwrap_or(NanoUsd::ZERO).as_usd();
        if let Some(text) = nearly_gone(&format!("key {name}"), gone, most.as_usd(), "its requests are refused") {
            items.push(Attention::new("budget", text, "/system?tab=keys"));
        }
    }
    Ok(())
}

/// A budget that is gone, with what that means, or nearly gone; `None` of one that lasts.
fn nearly_gone(who: &str, spent: f64, most: f64, then: &str) -> Option<String> {
    if spent >= most {
        let most = dollars(most);
        return Some(format!("{who}: the budget of {most} a day is spent, and {then} until some of it is a day old"));
    }
    (spent >= most * NEAR).then(|| format!("{who}: {} of {} a day are spent", dollars(spent), dollars(most)))
}

/// Cents, and of less than a dollar hundredths of them.
fn dollars(usd: f64) -> String {
    if usd < 1.0 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_named_in_its_address_whatever_it_is_called() {
        assert_eq!(shown(&"sim/large".into()), "/deployments?open=sim/large");
        assert_eq!(shown(&"a b&c=1#é".into()), "/deployments?open=a%20b%26c%3D1%23%C3%A9");
    }

    #[test]
    fn a_budget_is_told_from_nine_tenths_on_and_what_being_spent_means() {
        let told = |spent| nearly_gone("key ci", spent, 10.0, "its requests are refused");
        assert_eq!(told(8.99), None);
        assert_eq!(told(9.0).as_deref(), Some("key ci: $9.00 of $10.00 a day are spent"));
        let spent =
            "key ci: the budget of $10.00 a day is spent, and its requests are refused until some of it is a day old";
        assert_eq!(told(10.0).as_deref(), Some(spent));
    }
}
