//! Rules of online scoring: what they sample now, what they have spent, who stopped them; pause, resume, back-fill.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{NanoUsd, RuleName, Timestamp, rule::Rule};
use weir_store::{Backfill, RulePause};

use crate::{
    extract::{Body, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// Orders shown.
const ORDERS: u32 = 50;
/// Answers that one back-fill takes when it does not say.
const MOST: u64 = 10_000;

/// Every rule, how far behind the queue is, and the newest back-fills.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleList {
    items: Vec<RuleView>,
    /// `null` before the first look at the queue.
    pressure: Option<PressureView>,
    backfills: Vec<BackfillView>,
}

/// One rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleView {
    /// That of the workload for the rule its own `scorers` make.
    name: String,
    workload: String,
    /// `active`, `inactive` (off in the configuration) or `paused`.
    status: &'static str,
    /// Why it is paused.
    reason: Option<String>,
    /// Who paused it.
    actor: Option<String>,
    filter: Option<String>,
    scorers: Vec<String>,
    /// The configured share of answers.
    sample: f64,
    /// The share that is scored now; it stands on every score.
    share: Option<f64>,
    /// The same by deployment, for an adaptive rule.
    shares: Vec<ShareView>,
    adaptive: bool,
    delay_s: u64,
    /// How long a session, or a trace, must have been quiet before its answers are scored.
    settle_s: u64,
    /// What has waited for longer is not scored any more; it is counted as `expired`.
    expires_s: u64,
    budget_usd_per_day: Option<f64>,
    spent_usd_today: f64,
}

/// What is scored of one deployment's answers.
#[derive(Debug, Serialize, ToSchema)]
struct ShareView {
    deployment: String,
    share: f64,
}

/// The queue at its last look.
#[derive(Debug, Serialize, ToSchema)]
struct PressureView {
    /// Jobs whose time has come.
    waiting: u64,
    /// How long the oldest of them has waited.
    oldest_s: u64,
    /// What every share is multiplied by: under 1, scoring is behind and less is sampled.
    factor: f64,
    at: String,
}

/// An order to score past answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackfillView {
    id: i64,
    rule: String,
    since: String,
    until: String,
    /// Most answers to score.
    most: u64,
    /// Answers handed to the queue.
    pushed: u64,
    done: bool,
    at: String,
}

/// Why, in the caller's words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleReason {
    /// May be empty.
    #[serde(default)]
    reason: String,
}

/// Which past answers to score.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackfillOrder {
    /// Answers of so many hours, up to now.
    hours: f64,
    /// Most answers to score; 10000 when left out.
    #[serde(default)]
    most: Option<u64>,
}

/// `GET /api/v1/rules`.
pub(crate) async fn list_rules(State(app): State<App>) -> Reply<Json<RuleList>> {
    let pressure = app.store.pressure_get().await?.map(|pressure| PressureView {
        waiting: pressure.waiting,
        oldest_s: pressure.oldest_s,
        factor: pressure.factor,
        at: rfc3339(pressure.at),
    });
    let backfills = app.store.backfill_list(ORDERS).await?.iter().map(BackfillView::from).collect();
    Ok(Json(RuleList { items: views(&app).await?, pressure, backfills }))
}

/// `POST /api/v1/rules/{name}/pause`.
pub(crate) async fn pause_rule(
    State(app): State<App>,
    Segment(name): Segment,
    Caller(caller): Caller,
    Body(order): Body<RuleReason>,
) -> Reply<Json<RuleView>> {
    let rule = known(&app, &name)?;
    let pause =
        RulePause { rule: rule.clone(), reason: order.reason, actor: caller.name.to_string(), at: app.clock.now() };
    app.store.rule_pause(&pause).await?;
    view(&app, &rule).await
}

/// `POST /api/v1/rules/{name}/resume`.
pub(crate) async fn resume_rule(State(app): State<App>, Segment(name): Segment) -> Reply<Json<RuleView>> {
    let rule = known(&app, &name)?;
    app.store.rule_resume(&rule).await?;
    view(&app, &rule).await
}

/// `POST /api/v1/rules/{name}/backfill`.
pub(crate) async fn backfill_rule(
    State(app): State<App>,
    Segment(name): Segment,
    Body(order): Body<BackfillOrder>,
) -> Reply<(StatusCode, Json<BackfillView>)> {
    let rule = known(&app, &name)?;
    if !(order.hours > 0.0 && order.hours <= 24.0 * 366.0) {
        return Err(Failure::bad(format!("`hours` is {}, wanted more than 0 and at most a year", order.hours)));
    }
    let now = app.clock.now();
    let mut backfill = Backfill {
        id: 0,
        rule,
        since: Timestamp(now.0 - (order.hours * 3_600_000_000.0) as i64),
        until: now,
        most: order.most.unwrap_or(MOST).min(i64::MAX as u64),
        after: 0,
        pushed: 0,
        done: false,
        at: now,
    };
    backfill.id = app.store.backfill_insert(&backfill).await?;
    Ok((StatusCode::CREATED, Json(BackfillView::from(&backfill))))
}

fn known(app: &App, name: &str) -> Reply<RuleName> {
    let settings = app.settings.load();
    settings.rules.get(name).map(|rule| rule.name.clone()).ok_or_else(|| Failure::not_found("rule", name))
}

async fn view(app: &App, rule: &RuleName) -> Reply<Json<RuleView>> {
    let found = views(app).await?.into_iter().find(|view| view.name == rule.as_str());
    found.map(Json).ok_or_else(|| Failure::not_found("rule", rule.as_str()))
}

async fn views(app: &App) -> Reply<Vec<RuleView>> {
    let pauses = app.store.rule_pause_list().await?;
    let spent = app.store.rule_spent(app.clock.now()).await?;
    let shares = app.store.rule_share_list().await?;
    let settings = app.settings.load_full();
    let one = |rule: &Rule| {
        let spent = spent.get(&rule.name).copied().unwrap_or_default();
        let broke = rule.budget_per_day.is_some_and(|budget| spent >= budget);
        let pause = pauses.iter().find(|pause| pause.rule == rule.name);
        let reason = pause.map(|pause| pause.reason.clone());
        let of = || shares.iter().filter(|share| share.rule == rule.name);
        RuleView {
            name: rule.name.to_string(),
            workload: rule.workload.to_string(),
            status: match (rule.enabled, pause.is_some() || broke) {
                (false, _) => "inactive",
                (true, true) => "paused",
                (true, false) => "active",
            },
            reason: reason.or_else(|| broke.then(|| "budget_exhausted: goes on tomorrow (UTC)".to_owned())),
            actor: pause.map(|pause| pause.actor.clone()),
            filter: rule.filter.as_ref().map(|filter| filter.source().to_owned()),
            scorers: rule.scorers.iter().map(ToString::to_string).collect(),
            sample: rule.sample,
            share: of().find(|share| share.deployment.is_none()).map(|share| share.share),
            shares: of()
                .filter_map(|share| {
                    Some(ShareView { deployment: share.deployment.as_ref()?.to_string(), share: share.share })
                })
                .collect(),
            adaptive: rule.adaptive,
            delay_s: rule.delay_s,
            settle_s: rule.settle_s,
            expires_s: rule.expires_s,
            budget_usd_per_day: rule.budget_per_day.map(NanoUsd::as_usd),
            spent_usd_today: spent.as_usd(),
        }
    };
    Ok(settings.rules.values().map(one).collect())
}

impl From<&Backfill> for BackfillView {
    fn from(order: &Backfill) -> Self {
        Self {
            id: order.id,
            rule: order.rule.to_string(),
            since: rfc3339(order.since),
            until: rfc3339(order.until),
            most: order.most,
            pushed: order.pushed,
            done: order.done,
            at: rfc3339(order.at),
        }
    }
}
