//! Budgets: what weir may spend by itself, what keys may spend, and how much of each is gone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{NanoUsd, WorkloadId, span::Origin};
use weir_store::CostBy;

use crate::{problem::Reply, series::first_bucket, state::App};

const DAY: Duration = Duration::from_hours(24);
/// What a forecast is made from.
const HOUR: Duration = Duration::from_hours(1);
/// A key's day is counted by the hour, as the gateway counts it.
const HOUR_S: u32 = 3_600;
const HOURS: u32 = 24;

/// Money that weir may spend by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetView {
    /// `probes` or `shadow`.
    pub(crate) kind: &'static str,
    pub(crate) workload: String,
    pub(crate) max_usd_per_day: f64,
    /// In the last 24 hours.
    pub(crate) spent_usd: f64,
    /// In the last hour: the pace that a forecast carries on.
    last_hour_usd: f64,
}

/// What each key has spent in its day, by name.
pub(crate) type Spent = Arc<BTreeMap<String, NanoUsd>>;

/// Every budget of what weir asks by itself.
pub(crate) async fn own(app: &App) -> Reply<Vec<BudgetView>> {
    let settings = app.settings.load_full();
    let mut budgets = Vec::new();
    for (workload, probes) in &settings.probes {
        budgets.push(one(app, "probes", workload, Origin::Probe, probes.max_per_day).await?);
    }
    for (workload, shadow) in &settings.shadows {
        budgets.push(one(app, "shadow", workload, Origin::Shadow, shadow.max_per_day).await?);
    }
    Ok(budgets)
}

async fn one(app: &App, kind: &'static str, workload: &WorkloadId, origin: Origin, most: NanoUsd) -> Reply<BudgetView> {
    let now = app.clock.now();
    let spent = app.store.span_cost(workload, origin, now.minus(DAY)).await?;
    let lately = app.store.span_cost(workload, origin, now.minus(HOUR)).await?;
    Ok(BudgetView {
        kind,
        workload: workload.to_string(),
        max_usd_per_day: most.as_usd(),
        spent_usd: spent.as_usd(),
        last_hour_usd: lately.as_usd(),
    })
}

/// What every key has spent in its day. It is counted from the spans, so at most once a minute.
pub(crate) async fn of_keys(app: &App) -> Reply<Spent> {
    let count = async {
        let since = first_bucket(app.clock.now(), HOUR_S, HOURS);
        let mut spent = BTreeMap::<String, NanoUsd>::new();
        for sum in app.store.cost_sums(&CostBy::Key, since, HOUR_S, HOURS).await? {
            *spent.entry(sum.group).or_default() += sum.cost;
        }
        Ok(Arc::new(spent))
    };
    app.spent.get(app.clock.elapsed(), count).await
}
