//! The person at the canaries: in each workload the cheapest model not yet tried is given a canary against the stable
//! one, until one that is cheaper holds or none is left. The margin is what the floor allows below the best single
//! model, and at least the default of three points.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use super::{config::id, data::Set};
use crate::weir::Weir;

const LOOK: Duration = Duration::from_millis(500);
const LEAST_MARGIN: f64 = 0.03;
const MOST_MARGIN: f64 = 0.5;

/// How every canary ended.
#[derive(Debug, Default)]
pub(super) struct Trials {
    told: Vec<(String, String, String)>,
}

impl Trials {
    fn count(&self, state: &str) -> usize {
        self.told.iter().filter(|(.., at)| at == state).count()
    }
    pub(super) fn counts(&self) -> String {
        let open = self.told.len()
            - ["promoted", "rolled_back", "expired"].map(|state| self.count(state)).iter().sum::<usize>();
        format!("{} / {} / {} / {open}", self.count("promoted"), self.count("rolled_back"), self.count("expired"))
    }
    /// One line each.
    pub(super) fn told(&self) -> String {
        self.told.iter().map(|(workload, candidate, state)| format!("  {workload}: {candidate} {state}\n")).collect()
    }
}

/// One workload's canaries.
struct Line {
    workload: String,
    margin: f64,
    /// Cheapest first; what is taken was tried.
    untried: std::vec::IntoIter<usize>,
    /// The model that serves.
    stable: usize,
    /// The canary that is open, and its candidate.
    open: Option<(String, usize)>,
}

pub(super) struct Pilot {
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<Trials>>,
}

impl Pilot {
    /// Ends after the look at hand; what is open stays open.
    pub(super) async fn stop(self) -> anyhow::Result<Trials> {
        self.stop.send_replace(true);
        self.task.await?
    }
}

pub(super) fn start(weir: Arc<Weir>, set: Arc<Set>, floor: f64) -> Pilot {
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        let mut lines = lines(&set, floor);
        let mut states: HashMap<String, (String, String, String)> = HashMap::new();
        loop {
            look(&weir, &set, &mut lines, &mut states).await?;
            // Either the time is up or the sender is gone: a last look, then the end.
            if tokio::time::timeout(LOOK, stopped.changed()).await.is_ok() {
                look(&weir, &set, &mut lines, &mut states).await?;
                let mut told: Vec<_> = states.into_values().collect();
                told.sort();
                return Ok(Trials { told });
            }
        }
    });
    Pilot { stop, task }
}

fn lines(set: &Set, floor: f64) -> Vec<Line> {
    let line = |(workload, best): (&str, f64)| Line {
        workload: workload.to_owned(),
        margin: ((1.0 - floor) * best).clamp(LEAST_MARGIN, MOST_MARGIN),
        untried: set.order().into_iter().skip(1).collect::<Vec<_>>().into_iter(),
        stable: set.best,
        open: None,
    };
    set.workloads().into_iter().map(line).collect()
}

async fn look(
    weir: &Weir,
    set: &Set,
    lines: &mut [Line],
    states: &mut HashMap<String, (String, String, String)>,
) -> anyhow::Result<()> {
    for line in lines {
        if let Some((canary, candidate)) = line.open.clone() {
            let view = weir.get(&format!("/api/v1/canaries/{canary}")).await?;
            let state = word(&view, "state")?;
            let name = set.models.get(candidate).cloned().unwrap_or_default();
            let told = format!("{state}, {}", word(&view, "reason")?);
            states.insert(canary.clone(), (line.workload.clone(), format!("{name} ({told})"), state.clone()));
            match state.as_str() {
                "running" | "shadow" | "verifying" => continue,
                // It waits for a person. This one has said with the margin what loss is acceptable, and stands by it; on
                // a doubt about the comparison itself nobody is there to look into it.
                "held" => {
                    let worse = view.get("held").and_then(Value::as_str) == Some("harm");
                    let (order, reason) = if worse {
                        ("resume", "a loss within the margin is accepted")
                    } else {
                        ("roll_back", "held, and nobody looks into it")
                    };
                    let path = format!("/api/v1/canaries/{canary}");
                    let told = weir.post(&format!("{path}/{order}"), &json!({"reason": reason})).await;
                    // The optimizer may have ended it in between.
                    if told.is_err() && word(&weir.get(&path).await?, "state")? == "held" {
                        told?;
                    }
                    continue;
                }
                "promoted" => line.stable = candidate,
                _ => {}
            }
            line.open = None;
        }
        let cheaper = |model: &usize| set.price(*model) < set.price(line.stable) * 0.999;
        let Some(candidate) = line.untried.by_ref().find(cheaper) else {
            continue;
        };
        line.open = Some((begin(weir, set, line, candidate).await?, candidate));
    }
    Ok(())
}

async fn begin(weir: &Weir, set: &Set, line: &Line, candidate: usize) -> anyhow::Result<String> {
    let Some(name) = set.models.get(candidate) else { bail!("no such model") };
    let plan = json!({
        "workload": line.workload, "candidate": id(name), "steps": [0.1, 0.5], "margin": line.margin,
        "min_pairs": 50, "step_pairs": 20, "max_pairs": 2_000,
        "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0,
    });
    word(&weir.post("/api/v1/canaries", &plan).await?, "id")
}

fn word(view: &Value, field: &str) -> anyhow::Result<String> {
    let word = view.get(field).and_then(Value::as_str);
    Ok(word.with_context(|| format!("no `{field}` in {view}"))?.to_owned())
}
