//! The traffic: prompts in a seeded order, the chosen model's recorded score posted for each answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;
use weir_core::entropy::mix;

use super::{
    config::{PROVIDER, SCORER},
    data::{Row, Set},
};
use crate::weir::{KEY, Weir};

const CONNECTIONS: usize = 24;
/// A span is stored a moment after its answer; until then its score is not taken.
const PATIENCE: Duration = Duration::from_millis(4);
const TRIES: u32 = 12;

/// One request: which prompt, and who answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    nth: usize,
    row: usize,
    model: usize,
}

/// Means over some requests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) quality: f64,
    pub(super) usd: f64,
    pub(super) best_quality: f64,
    pub(super) best_usd: f64,
}

impl Tally {
    pub(super) fn new(set: &Set, outcomes: &[Outcome]) -> Self {
        let mut sum = Self::default();
        for outcome in outcomes {
            let row = set.rows.get(outcome.row);
            let recorded = |model| row.and_then(|row: &Row| row.recorded.get(model));
            if let (Some(served), Some(best)) = (recorded(outcome.model), recorded(set.best)) {
                sum.quality += served.score;
                sum.usd += served.cost_usd;
                sum.best_quality += best.score;
                sum.best_usd += best.cost_usd;
            }
        }
        let count = outcomes.len().max(1) as f64;
        Self {
            quality: sum.quality / count,
            usd: sum.usd / count,
            best_quality: sum.best_quality / count,
            best_usd: sum.best_usd / count,
        }
    }
    pub(super) fn held(&self) -> f64 {
        self.quality / self.best_quality
    }
    pub(super) fn saved(&self) -> f64 {
        1.0 - self.usd / self.best_usd
    }
}

/// Sends `requests` prompts, each set's rows again from the start when they end, and returns them in order.
pub(super) async fn run(weir: &Weir, set: &Arc<Set>, requests: usize, seed: u64) -> anyhow::Result<Vec<Outcome>> {
    let client = Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let order = Arc::new(order(set.rows.len(), requests, seed));
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, set, order, next) = (client.clone(), Arc::clone(set), Arc::clone(&order), Arc::clone(&next));
        let url = weir.url().to_owned();
        tasks.spawn(async move {
            let mut outcomes = Vec::new();
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                let Some(&row) = order.get(nth) else {
                    return anyhow::Ok(outcomes);
                };
                let model = ask(&client, &url, &set, row).await?;
                outcomes.push(Outcome { nth, row, model });
            }
        });
    }
    let mut outcomes = Vec::with_capacity(requests);
    while let Some(part) = tasks.join_next().await {
        outcomes.extend(part??);
    }
    outcomes.sort_by_key(|outcome| outcome.nth);
    Ok(outcomes)
}

/// Each round a new permutation of all rows.
fn order(rows: usize, requests: usize, seed: u64) -> Vec<usize> {
    let rounds = (0..).flat_map(|round: u64| {
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_key(|row| mix(mix(seed ^ (round << 32)) ^ *row as u64));
        order
    });
    rounds.take(requests).collect()
}

/// One request and its score; returns who answered.
async fn ask(client: &Client, url: &str, set: &Set, row: usize) -> anyhow::Result<usize> {
    let row = set.rows.get(row).context("no such row")?;
    let body = json!({
        "model": format!("weir/{}", row.workload),
        "messages": [{"role": "user", "content": row.prompt}],
    });
    let request = client.post(format!("{url}/v1/chat/completions")).bearer_auth(KEY).json(&body);
    let response = request.send().await?;
    let status = response.status();
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let (span, deployment) = (header("x-weir-span-id"), header("x-weir-deployment"));
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{status}: {text}");
    }
    let deployment = deployment.context("no x-weir-deployment in the reply")?;
    let name = deployment.strip_prefix(PROVIDER).and_then(|name| name.strip_prefix('/'));
    let model = set.models.iter().position(|model| Some(model.as_str()) == name);
    let model = model.with_context(|| format!("answered by `{deployment}`"))?;
    let score = row.recorded.get(model).context("no such model")?.score;
    post(client, url, &span.context("no x-weir-span-id in the reply")?, score).await?;
    Ok(model)
}

async fn post(client: &Client, url: &str, span: &str, score: f64) -> anyhow::Result<()> {
    let body = json!({"span_id": span, "name": SCORER, "value": score});
    for attempt in 0..TRIES {
        let request = client.post(format!("{url}/api/v1/scores")).bearer_auth(KEY).json(&body);
        let response = request.send().await?;
        match response.status() {
            status if status.is_success() => return Ok(()),
            StatusCode::NOT_FOUND | StatusCode::SERVICE_UNAVAILABLE => {
                tokio::time::sleep(PATIENCE * 2_u32.pow(attempt.min(8))).await;
            }
            status => bail!("posting a score: {status}: {}", response.text().await?),
        }
    }
    bail!("the score of span {span} was not taken")
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn each_round_visits_every_row_once_in_another_order() {
        let order = order(50, 100, 7);
        let (first, second) = order.split_at(50);
        let sorted = |half: &[usize]| {
            let mut half = half.to_vec();
            half.sort_unstable();
            half
        };
        assert_eq!(sorted(first), (0..50).collect::<Vec<_>>());
        assert_eq!(sorted(second), sorted(first));
        assert_ne!(first, second);
    }
}
