//! The recordings: for each prompt, what every model scored and cost.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, ensure};
use indexmap::IndexMap;
use serde::Deserialize;

/// One file of recordings.
pub(super) struct Set {
    pub(super) name: String,
    pub(super) models: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// The model with the highest mean score over all rows.
    pub(super) best: usize,
}

/// One prompt.
pub(super) struct Row {
    pub(super) workload: String,
    pub(super) prompt: String,
    /// Of each model, in the order of [`Set::models`].
    pub(super) recorded: Vec<Recorded>,
}

/// What one model did.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Recorded {
    pub(super) score: f64,
    pub(super) cost_usd: f64,
}

#[derive(Deserialize)]
struct Line {
    workload: String,
    prompt: String,
    models: IndexMap<String, Recorded>,
}

/// Every set in a folder, by name.
pub(super) fn load(dir: &Path) -> anyhow::Result<Vec<Set>> {
    let mut sets = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jsonl")) else {
            continue;
        };
        let recordings = name == "llmrouter9" || name.starts_with("routellm_");
        if recordings && !name.ends_with("_responses") {
            let set = read(name, &path).with_context(|| path.display().to_string())?;
            sets.insert(name.to_owned(), set);
        }
    }
    Ok(sets.into_values().collect())
}

fn read(name: &str, path: &Path) -> anyhow::Result<Set> {
    let (mut models, mut rows) = (Vec::new(), Vec::new());
    for line in BufReader::new(File::open(path)?).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        if models.is_empty() {
            models = line.models.keys().cloned().collect();
        }
        let recorded: Option<Vec<Recorded>> = models.iter().map(|model| line.models.get(model).copied()).collect();
        let recorded = recorded.context("a row lacks a model that the first row has")?;
        rows.push(Row { workload: line.workload, prompt: line.prompt, recorded });
    }
    ensure!(!rows.is_empty() && !models.is_empty(), "no rows");
    let total = |model: usize| -> f64 { rows.iter().filter_map(|row| row.recorded.get(model)).map(|r| r.score).sum() };
    let best = (0..models.len()).max_by(|a, b| total(*a).total_cmp(&total(*b))).unwrap_or_default();
    Ok(Set { name: name.to_owned(), models, rows, best })
}

impl Set {
    /// The workloads with the mean score of the best single model in each.
    pub(super) fn workloads(&self) -> BTreeMap<&str, f64> {
        let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for row in &self.rows {
            if let Some(recorded) = row.recorded.get(self.best) {
                let sum = sums.entry(&row.workload).or_default();
                *sum = (sum.0 + recorded.score, sum.1 + 1.0);
            }
        }
        sums.into_iter().map(|(name, (score, count))| (name, score / count)).collect()
    }

    /// Dollars per million tokens at which a model's recorded cost comes out, when a token is four characters and an
    /// answer two hundred tokens. Only the proportion between models steers routing.
    pub(super) fn price(&self, model: usize) -> f64 {
        let tokens = |row: &Row| row.prompt.len() as f64 / 4.0 + 200.0;
        let cost: f64 = self.rows.iter().filter_map(|row| row.recorded.get(model)).map(|r| r.cost_usd).sum();
        cost / self.rows.iter().map(tokens).sum::<f64>() * 1e6
    }

    /// The models, the best single one first, then the cheapest.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.models.len()).collect();
        order.sort_by(|a, b| (*a != self.best).cmp(&(*b != self.best)).then(self.price(*a).total_cmp(&self.price(*b))));
        order
    }
}
