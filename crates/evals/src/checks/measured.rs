//! Scorers of what an answer took, lower being better: `latency_ms`, `ttft_ms`, `cost_usd`, `tokens`, `retries`; and
//! `perplexity`, exp(−mean log probability), whose grade is 1 / (1 + e^−mean) (promptfoo's `perplexity-score`).
//!
//! With `max` the limit is included; with `best` and `worst` the grade is 1 − (v − best) / (worst − best), between 0 and
//! 1. The number itself stands in the outcome.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, is_default};
use crate::{
    exchange::{Exchange, Measured, Outcome},
    spec::SpecError,
};

/// `latency_ms`, `ttft_ms`, `cost_usd`, `tokens` and `retries`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSpec {
    /// Most that passes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<f64>,
    /// What is worth 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub best: Option<f64>,
    /// What is worth 0; over `best`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub worst: Option<f64>,
}

/// `perplexity`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerplexitySpec {
    /// Highest perplexity that passes; without it the grade is 1 / (1 + e^−mean).
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<f64>,
}

#[derive(Clone, Copy)]
enum Scale {
    Limit(f64),
    Between(f64, f64),
}

struct Quantity {
    scale: Scale,
    unit: &'static str,
    /// An answer from a cache took no time.
    timed: bool,
    value: fn(&Measured) -> Option<f64>,
}

impl MeasuredSpec {
    pub(crate) fn latency_ms(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build("ms", true, |measured| measured.latency_ms)
    }
    pub(crate) fn ttft_ms(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build("ms to the first byte", true, |measured| measured.ttft_ms)
    }
    pub(crate) fn cost_usd(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build("dollars", false, |measured| measured.cost_usd)
    }
    pub(crate) fn tokens(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build("tokens", false, |measured| measured.tokens.map(|tokens| tokens as f64))
    }
    pub(crate) fn retries(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build("retries", false, |measured| measured.retries.map(|retries| retries as f64))
    }

    fn build(
        &self,
        unit: &'static str,
        timed: bool,
        value: fn(&Measured) -> Option<f64>,
    ) -> Result<Box<dyn Check>, SpecError> {
        let given = [("max", self.max), ("best", self.best), ("worst", self.worst)];
        for (field, number) in given {
            if number.is_some_and(|number| !number.is_finite() || number < 0.0) {
                return Err(SpecError::field(field, "wanted a number of 0 or more"));
            }
        }
        let scale = match (self.max, self.best, self.worst) {
            (Some(max), None, None) => Scale::Limit(max),
            (None, Some(best), Some(worst)) if best < worst => Scale::Between(best, worst),
            (None, Some(best), Some(worst)) => {
                return Err(SpecError::field(
                    "worst",
                    format!("found {worst}, wanted more than `best`, which is {best}"),
                ));
            }
            _ => return Err(SpecError::field("max", "give `max`, or `best` and `worst`")),
        };
        Ok(Box::new(Quantity { scale, unit, timed, value }))
    }
}

impl Check for Quantity {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        if self.timed && exchange.measured.is_some_and(|measured| measured.cached) {
            return Outcome::unscored(Unscored::Cached, "the answer came from a cache; its time says nothing");
        }
        let Some(value) = exchange.measured.and_then(self.value).filter(|value| value.is_finite()) else {
            return Outcome::unscored(Unscored::NotRecorded, format!("no {} were recorded", self.unit));
        };
        let outcome = match self.scale {
            Scale::Limit(max) => Outcome::pass(value <= max),
            Scale::Between(best, worst) => Outcome::grade(1.0 - (value - best) / (worst - best)),
        };
        Outcome { raw: Some(value), ..outcome }.because(format!("{value} {}", self.unit))
    }
}

impl PerplexitySpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if self.max.is_some_and(|max| !(max.is_finite() && max >= 1.0)) {
            return Err(SpecError::field("max", "wanted a number of 1 or more"));
        }
        Ok(Box::new(self.clone()))
    }
}

impl Check for PerplexitySpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let logprobs = &exchange.answer.logprobs;
        let mean = logprobs.iter().sum::<f64>() / logprobs.len() as f64;
        if !mean.is_finite() {
            return Outcome::unscored(Unscored::NotRecorded, "no finite log probabilities were recorded");
        }
        let perplexity = (-mean).exp();
        let outcome = match self.max {
            Some(max) => Outcome::pass(perplexity <= max),
            None => Outcome::grade(1.0 / (1.0 + (-mean).exp())),
        };
        Outcome { raw: Some(perplexity), ..outcome }.because(format!("perplexity {perplexity:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::close;
    use crate::{ScorerSpec, compile};
    use serde_json::json;
    use weir_core::chat::Answer;

    fn run(spec: serde_json::Value, measured: &Measured, logprobs: &[f64]) -> Outcome {
        let answer = Answer { text: "x".into(), logprobs: logprobs.to_vec(), ..Answer::default() };
        let exchange = Exchange { measured: Some(measured), ..Exchange::new(&[], &answer, None) };
        compile(&ScorerSpec::parse(&spec).unwrap()).unwrap().run(&exchange)
    }

    #[test]
    fn limits_are_included_and_scales_are_linear() {
        let measured = Measured { latency_ms: Some(800.0), cost_usd: Some(0.002), ..Measured::default() };
        assert_eq!(run(json!({"kind": "latency_ms", "max": 800}), &measured, &[]).value(), Some(1.0));
        let scaled = run(json!({"kind": "latency_ms", "best": 500, "worst": 1500}), &measured, &[]);
        assert!(close(scaled.value().unwrap(), 0.7));
        assert_eq!(scaled.raw, Some(800.0));
        assert_eq!(run(json!({"kind": "cost_usd", "max": 0.001}), &measured, &[]).value(), Some(0.0));
        let none = run(json!({"kind": "tokens", "max": 9}), &measured, &[]);
        assert_eq!(none.reason(), Some(Unscored::NotRecorded));
        let cached = Measured { cached: true, ..measured };
        assert_eq!(run(json!({"kind": "latency_ms", "max": 1}), &cached, &[]).reason(), Some(Unscored::Cached));
    }

    #[test]
    fn perplexity_needs_log_probabilities() {
        let none = Measured::default();
        let outcome = run(json!({"kind": "perplexity"}), &none, &[-0.5, -1.5]);
        assert!(close(outcome.value().unwrap(), 1.0 / (1.0 + std::f64::consts::E)));
        assert!(close(outcome.raw.unwrap(), std::f64::consts::E));
        assert_eq!(run(json!({"kind": "perplexity"}), &none, &[]).reason(), Some(Unscored::NotRecorded));
    }

    #[test]
    fn a_scale_that_says_nothing_is_refused() {
        assert!(MeasuredSpec::default().latency_ms().is_err());
        assert!(MeasuredSpec { best: Some(2.0), worst: Some(1.0), max: None }.tokens().is_err());
        assert!(MeasuredSpec { max: Some(-1.0), ..Default::default() }.retries().is_err());
    }
}
