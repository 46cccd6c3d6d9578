//! The built-in fake provider: three models with planted quality, price and latency that know the answers to the
//! shipped datasets. What a person meets before they have a key, and what the demo plays with.

use weir_core::chat::Role;
use weir_evals::{dataset, shipped::SHIPPED};
use weir_sim::{Builder, Entry, Sim, SimModel};

/// The fake provider with its three models and the shipped answers. `seed` makes its draws replayable.
#[must_use]
pub(super) fn sim(seed: u64) -> Builder {
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
