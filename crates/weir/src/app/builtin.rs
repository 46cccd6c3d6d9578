//! The built-in fake provider: three models with planted quality, price and latency that know the answers to the
//! shipped datasets. What a person meets before they have a key, and what the demo plays with.

use anyhow::Context;
use weir_config::{DeploymentSetting, Settings};
use weir_core::chat::Role;
use weir_evals::{dataset, shipped::SHIPPED};
use weir_sim::{Builder, Entry, Sim, SimHandle, SimModel};

/// Starts it where some deployment uses it. `seed` makes its draws replayable.
///
/// # Errors
/// When it cannot listen.
pub(super) async fn start(settings: &Settings, seed: u64) -> anyhow::Result<Option<SimHandle>> {
    if !settings.deployments.values().any(DeploymentSetting::is_built_in) {
        return Ok(None);
    }
    Ok(Some(sim(seed).build().serve().await.context("the built-in provider cannot listen")?))
}

/// The fake provider with its three models and the shipped answers.
fn sim(seed: u64) -> Builder {
    Sim::builder()
        .seed(seed)
        // Planted truth: medium is as good as large for a tenth of the price, small is cheap and bad at reasoning.
        .model(SimModel::new("large").quality(0.96).latency(12.0, 0.2, 0.2))
        .model(SimModel::new("medium").quality(0.96).latency(8.0, 0.1, 0.2))
        .model(SimModel::new("small").quality(0.70).quality_on("classify", 0.96).latency(4.0, 0.05, 0.2))
        .answers(answers())
}

/// Prompt and right answer of every shipped item.
fn answers() -> Vec<Entry> {
    let items = SHIPPED.iter().flat_map(|shipped| {
        let parsed = dataset::parse(shipped.dataset.as_bytes(), "shipped.jsonl", None);
        let entries: Vec<_> = parsed.items().filter_map(|item| entry(shipped.name, item)).collect();
        entries
    });
    items.collect()
}

fn entry(workload: &str, item: &dataset::Item) -> Option<Entry> {
    let prompt = item.input.iter().rev().find(|message| message.role == Role::User)?;
    Some(Entry::new(workload, prompt.content.as_str(), item.expected_text()?))
}
