//! What a run is to do, as it was ordered: complete, so that it can be done again or gone on with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_core::{
    NanoUsd,
    entropy::{mix, unit},
};

use crate::suite::{Gate, Suite, SuiteError};

/// Arms of one run.
const MOST_ARMS: usize = 16;
/// Questions under way at once.
const MOST_AT_ONCE: u32 = 64;

/// A run as ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The suite's text.
    pub suite: String,
    /// The suite file's name, for messages.
    pub file: String,
    /// Files that the suite's scorers name, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Who answers, in order.
    pub arms: Vec<Arm>,
    /// What the others are compared with.
    #[serde(default)]
    pub against: Option<Against>,
    /// Which items.
    #[serde(default)]
    pub take: Take,
    /// Parts of the dataset; the suite's when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<String>,
    /// How often each item is asked; the suite's when left out.
    #[serde(default)]
    pub trials: Option<u32>,
    /// Dollars that answers and judges may cost together.
    #[serde(default)]
    pub max_usd: Option<f64>,
    /// Items under way at once.
    pub at_once: u32,
    /// A gate on the quality's measured mean beside the suite's own.
    #[serde(default)]
    pub fail_under: Option<f64>,
    /// A deployment that fails a gate is taken out of its workload's ordinary traffic.
    #[serde(default)]
    pub quarantine: bool,
    /// The commit that was checked.
    #[serde(default)]
    pub git_sha: Option<String>,
    /// Its stored answers are graded again, and nobody is asked but judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regrade: Option<Regrade>,
}

/// A run as it was when it was ordered to be graded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrade {
    /// Everything had been asked; else it stays a part of a run, however well that is graded.
    pub whole: bool,
    /// What it had cost until then, which the limits of the new grading do not count.
    pub spent: NanoUsd,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// A deployment, `weir/WORKLOAD` for its router, or a name for recorded answers.
    pub name: String,
    /// Its answers were recorded elsewhere; it is asked nothing.
    #[serde(default)]
    pub recorded: bool,
}

/// What the arms are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// An arm of the same run.
    Arm(String),
    /// The first arm of an earlier run.
    Run(String),
}

/// Which of the dataset's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// All.
    #[default]
    All,
    /// The first so many.
    First(u32),
    /// So many by hash: the same ones every time, and a smaller sample is part of a larger one.
    Sample(u32),
}

impl Order {
    /// The suite in it.
    ///
    /// # Errors
    /// When the suite cannot be used, with the place.
    pub fn suite(&self) -> Result<Suite, SuiteError> {
        Suite::parse(&self.suite, &self.file, &|name| {
            self.files.get(name).cloned().ok_or_else(|| "the file was not sent along".to_owned())
        })
    }

    /// Everything a run must show: the suite's gates and the order's own.
    #[must_use]
    pub fn gates(&self, suite: &Suite) -> Vec<Gate> {
        suite.gates.iter().cloned().chain(self.fail_under.map(Gate::fail_under)).collect()
    }

    /// The earlier run that this one is compared with, when it is one.
    #[must_use]
    pub fn earlier(&self) -> Option<&str> {
        match &self.against {
            Some(Against::Run(id)) => Some(id),
            Some(Against::Arm(_)) | None => None,
        }
    }

    /// How often each item is asked.
    #[must_use]
    pub fn trials(&self, suite: &Suite) -> u32 {
        self.trials.unwrap_or(suite.trials).max(1)
    }

    /// The splits whose items are asked; all of them when empty.
    #[must_use]
    pub fn splits<'a>(&'a self, suite: &'a Suite) -> &'a [String] {
        if self.splits.is_empty() { &suite.splits } else { &self.splits }
    }

    /// The arm that others are compared with comes first: its answers must be there when a pair is judged.
    pub fn put_baseline_first(&mut self) {
        if let Some(Against::Arm(name)) = &self.against {
            self.arms.sort_by_key(|arm| arm.name != *name);
        }
    }

    /// What is wrong with the order itself, whatever the suite says.
    ///
    /// # Errors
    /// What was found and what is wanted.
    pub fn check(&self) -> Result<(), String> {
        if self.arms.is_empty() || self.arms.len() > MOST_ARMS {
            return Err(format!("`arms`: found {}, wanted 1 to {MOST_ARMS} models or recorded files", self.arms.len()));
        }
        let twice =
            self.arms.iter().enumerate().find(|(at, arm)| self.arms[..*at].iter().any(|one| one.name == arm.name));
        if let Some((_, arm)) = twice {
            return Err(format!("`arms`: `{}` is named twice", arm.name));
        }
        if let Some(Against::Arm(name)) = &self.against
            && !self.arms.iter().any(|arm| arm.name == *name)
        {
            return Err(format!("`against`: `{name}` is no arm of this run"));
        }
        if !(1..=MOST_AT_ONCE).contains(&self.at_once) {
            return Err(format!("`at_once`: found {}, wanted 1 to {MOST_AT_ONCE}", self.at_once));
        }
        if self.trials.is_some_and(|trials| !(1..=100).contains(&trials)) {
            return Err(format!("`trials`: found {}, wanted 1 to 100", self.trials.unwrap_or_default()));
        }
        let dollars = |usd: &f64| usd.is_finite() && *usd > 0.0;
        if self.max_usd.is_some_and(|usd| !dollars(&usd)) {
            return Err("`max_usd`: wanted a number of dollars over 0".to_owned());
        }
        if self.fail_under.is_some_and(|min| !(0.0..=1.0).contains(&min)) {
            return Err("`fail_under`: wanted a grade from 0 to 1".to_owned());
        }
        Ok(())
    }
}

impl Take {
    /// The chosen ones of `hashes`, which stand in the dataset's order and keep it.
    #[must_use]
    pub fn of<T>(self, items: Vec<T>, hash: impl Fn(&T) -> &str) -> Vec<T> {
        match self {
            Self::All => items,
            Self::First(count) => items.into_iter().take(count as usize).collect(),
            Self::Sample(count) => {
                let mut points: Vec<(f64, usize)> =
                    items.iter().enumerate().map(|(at, item)| (point(hash(item)), at)).collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                let mut chosen = vec![false; items.len()];
                for (_, at) in points.into_iter().take(count as usize) {
                    if let Some(slot) = chosen.get_mut(at) {
                        *slot = true;
                    }
                }
                items.into_iter().zip(chosen).filter_map(|(item, chosen)| chosen.then_some(item)).collect()
            }
        }
    }
}

/// Where an item falls in `[0, 1)`.
fn point(hash: &str) -> f64 {
    unit(hash.bytes().fold(0, |sum, byte| mix(sum ^ u64::from(byte))))
}
