//! What a run must show: `[[gate]]` of a suite. A gate passes, fails or cannot tell.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{SuiteError, source::SourceText};
use crate::nearest::suggest;

/// The metric that stands for the suite's quality, whatever it is made of.
pub const QUALITY: &str = "quality";
/// Metrics that every run has beside its scorers: what an answer cost, how long it took, and the share of requests that
/// got none.
pub const MEASURED: [&str; 3] = ["cost_usd", "latency_ms", "error_rate"];
/// `against` of a gate that takes whatever baseline the run was given.
pub const BASELINE: &str = "baseline";

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// A scorer, [`QUALITY`] or one of [`MEASURED`].
    pub metric: String,
    /// What it is compared with on the same items: [`BASELINE`], or a model of the run.
    pub against: Option<String>,
    /// How much worse is still good enough, `0..1`.
    pub margin: f64,
    /// Of the intervals, `0.5..1`.
    pub confidence: f64,
    /// Fewer graded items than this decide nothing.
    pub min_items: u64,
    /// Share of answers that must have a grade, `0..=1`.
    pub min_coverage: f64,
    /// The measured mean must not be under this.
    pub min_mean: Option<f64>,
    /// The measured mean must not be over this.
    pub max_mean: Option<f64>,
    /// The interval must lie over this: proven, not only measured.
    pub floor: Option<f64>,
}

impl Gate {
    /// The mean of a metric must not be under `min`: what `--fail-under` asks for.
    #[must_use]
    pub fn fail_under(min: f64) -> Self {
        Self {
            metric: QUALITY.to_owned(),
            against: None,
            margin: 0.0,
            confidence: 0.95,
            min_items: 1,
            min_coverage: 0.95,
            min_mean: Some(min),
            max_mean: None,
            floor: None,
        }
    }

    /// The condition in a few words: `quality ≥ baseline − 0.02`.
    #[must_use]
    pub fn name(&self) -> String {
        let mut parts = Vec::new();
        if let Some(against) = &self.against {
            parts.push(match self.margin > 0.0 {
                true => format!("{} ≥ {against} − {}", self.metric, self.margin),
                false => format!("{} ≥ {against}", self.metric),
            });
        }
        parts.extend(self.floor.map(|floor| format!("{} proven ≥ {floor}", self.metric)));
        parts.extend(self.min_mean.map(|min| format!("{} ≥ {min}", self.metric)));
        parts.extend(self.max_mean.map(|max| format!("{} ≤ {max}", self.metric)));
        parts.join(" and ")
    }
}

/// A gate as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenGate {
    metric: Spanned<String>,
    against: Option<Spanned<String>>,
    margin: Option<Spanned<f64>>,
    confidence: Option<Spanned<f64>>,
    method: Option<Spanned<String>>,
    min_items: Option<u64>,
    min_coverage: Option<Spanned<f64>>,
    min_mean: Option<f64>,
    max_mean: Option<f64>,
    floor: Option<Spanned<f64>>,
}

impl WrittenGate {
    /// Checks it against the names of the suite's scorers.
    pub(super) fn read(self, source: SourceText<'_>, scorers: &[&str]) -> Result<Gate, SuiteError> {
        let graded: Vec<&str> = scorers.iter().copied().chain([QUALITY]).collect();
        let metric = self.metric.get_ref().as_str();
        let place = self.metric.span();
        let measured = MEASURED.contains(&metric);
        if !measured && !graded.contains(&metric) {
            let hint = suggest(metric, graded.iter().copied().chain(MEASURED));
            return Err(source.error(Some(place), format!("no metric is called `{metric}`{hint}")));
        }
        if let Some(method) = self.method.as_ref().filter(|method| method.get_ref() != "anytime") {
            let message = format!(
                "`method`: found `{}`, and there is only `anytime`: intervals that may be looked at as often as you like",
                method.get_ref()
            );
            return Err(source.error(Some(method.span()), message));
        }
        let bound = |value: &Option<Spanned<f64>>, name: &str, range: Range<f64>, default: f64| match value {
            Some(value) if range.contains(value.get_ref()) => Ok(*value.get_ref()),
            Some(value) => {
                let message =
                    format!("`{name}`: found {}, wanted {} up to {}", value.get_ref(), range.start, range.end);
                Err(source.error(Some(value.span()), message))
            }
            None => Ok(default),
        };
        let gate = Gate {
            margin: bound(&self.margin, "margin", 0.0..1.0, 0.0)?,
            confidence: bound(&self.confidence, "confidence", 0.5..1.0, 0.95)?,
            min_coverage: bound(&self.min_coverage, "min_coverage", 0.0..1.000_001, 0.95)?,
            floor: self.floor.as_ref().map(|_| bound(&self.floor, "floor", 0.0..1.000_001, 0.0)).transpose()?,
            min_items: self.min_items.unwrap_or(1),
            min_mean: self.min_mean,
            max_mean: self.max_mean,
            against: self.against.as_ref().map(|against| against.get_ref().clone()),
            metric: metric.to_owned(),
        };
        if measured && (gate.against.is_some() || gate.floor.is_some()) {
            let message = format!("`{metric}` has no scale to compare on; give `max_mean` or `min_mean`");
            return Err(source.error(Some(place), message));
        }
        if gate.against.is_none() && gate.floor.is_none() && gate.min_mean.is_none() && gate.max_mean.is_none() {
            let message = "a gate asks for nothing: give `against`, `floor`, `min_mean` or `max_mean`";
            return Err(source.error(Some(place), message));
        }
        Ok(gate)
    }
}
