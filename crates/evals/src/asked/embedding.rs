//! `embedding_similarity`: likeness of meaning, by the embeddings of the answer and of each target, best of all targets.
//!
//! `cosine` (default) is scaled: max((cos − floor) / (1 − floor), 0) with a floor of 0.7, as autoevals'
//! `EmbeddingSimilarity`; a floor of 0 gives the cosine itself, as promptfoo's `similar`. `dot` is the dot product and
//! `euclidean` 1 / (1 + distance), both as promptfoo's. A vector of zeros is like nothing: 0.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_core::score::Unscored;

use crate::{
    checks::is_default,
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Longest vector that is read.
const MOST_DIMENSIONS: usize = 1 << 16;

/// `embedding_similarity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Who makes the embeddings: a deployment or workload of weir's.
    pub model: String,
    /// How two vectors are compared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub measure: Measure,
    /// The cosine that counts as nothing alike, `0..1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub floor: Option<f64>,
}

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The angle between them.
    #[default]
    Cosine,
    /// Their dot product.
    Dot,
    /// Their distance.
    Euclidean,
}

impl EmbeddingSpec {
    pub(crate) fn resolved(&self) -> Result<Self, SpecError> {
        if self.model.trim().is_empty() {
            return Err(SpecError::field("model", "empty; name a deployment or workload that makes embeddings"));
        }
        match (self.floor, self.measure) {
            (Some(floor), _) if !(0.0..1.0).contains(&floor) => {
                Err(SpecError::field("floor", format!("found {floor}, wanted 0 or more and less than 1")))
            }
            (Some(_), Measure::Dot | Measure::Euclidean) => {
                Err(SpecError::field("floor", "given, but only `cosine` has one"))
            }
            _ => Ok(self.clone()),
        }
    }

    /// The request for `/v1/embeddings`: the answer first, then every target. `None` without a target.
    #[must_use]
    pub fn request(&self, exchange: &Exchange<'_>) -> Option<Value> {
        let mut input = vec![exchange.answer.text.clone()];
        input.extend(exchange.targets()?);
        Some(json!({"model": self.model, "input": input, "encoding_format": "float"}))
    }

    /// Reads the reply and grades. A reply that is not one vector a text is a failure of the instrument.
    #[must_use]
    pub fn read(&self, reply: &Value) -> Outcome {
        let failed = |why: &str| Outcome::unscored(Unscored::ScoringFailed, why);
        let Some(vectors) = vectors(reply) else {
            return failed("the reply holds no list of embeddings");
        };
        let Some((answer, targets)) = vectors.split_first().filter(|(_, targets)| !targets.is_empty()) else {
            return failed("the reply holds fewer embeddings than texts were sent");
        };
        if targets.iter().any(|target| target.len() != answer.len()) {
            return failed("the embeddings are of different lengths");
        }
        let best = targets.iter().map(|target| self.likeness(answer, target)).fold(f64::NEG_INFINITY, f64::max);
        if !best.is_finite() {
            return failed("the embeddings hold what is no finite number");
        }
        Outcome { raw: Some(best), ..Outcome::grade(best) }
    }

    fn likeness(&self, a: &[f64], b: &[f64]) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match self.measure {
            Measure::Dot => dot(a, b),
            Measure::Euclidean => 1.0 / (1.0 + a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()),
            Measure::Cosine => {
                let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
                let cosine = match dot(a, b) / lengths {
                    _ if lengths == 0.0 => 0.0,
                    // Rounding may take it just over 1; `min` would make 1 of what is no number.
                    cosine if cosine > 1.0 => 1.0,
                    cosine => cosine,
                };
                let floor = self.floor.unwrap_or(0.7);
                let scaled = (cosine - floor) / (1.0 - floor);
                if scaled < 0.0 { 0.0 } else { scaled }
            }
        }
    }
}

/// The vectors of a reply, in the order of the texts.
fn vectors(reply: &Value) -> Option<Vec<Vec<f64>>> {
    let mut data: Vec<(u64, Vec<f64>)> = Vec::new();
    for (at, entry) in (0_u64..).zip(reply.get("data")?.as_array()?) {
        let vector = entry.get("embedding")?.as_array()?;
        if vector.is_empty() || vector.len() > MOST_DIMENSIONS {
            return None;
        }
        let vector: Option<Vec<f64>> = vector.iter().map(Value::as_f64).collect();
        data.push((entry.get("index").and_then(Value::as_u64).unwrap_or(at), vector?));
    }
    data.sort_by_key(|(index, _)| *index);
    Some(data.into_iter().map(|(_, vector)| vector).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(spec: Value, a: &[f64], b: &[f64]) -> Option<f64> {
        let spec: EmbeddingSpec = serde_json::from_value(spec).unwrap();
        // Providers may answer out of order.
        let reply = json!({"data": [{"index": 1, "embedding": b}, {"index": 0, "embedding": a}]});
        spec.resolved().unwrap().read(&reply).value()
    }

    #[test]
    fn likeness_equals_autoevals_and_promptfoo() {
        let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-12);
        let (a, b) = ([1.0, 2.0, 3.0], [2.0, 2.0, 2.5]);
        let cosine = 13.5 / (14.0_f64.sqrt() * 14.25_f64.sqrt());
        assert!(close(grade(json!({"model": "m"}), &a, &b), (cosine - 0.7) / 0.3));
        assert!(close(grade(json!({"model": "m", "floor": 0.0}), &a, &b), cosine));
        assert_eq!(grade(json!({"model": "m"}), &[1.0, 0.0], &[0.0, 1.0]), Some(0.0));
        assert_eq!(grade(json!({"model": "m", "floor": 0.0}), &[0.0, 0.0], &[0.0, 1.0]), Some(0.0));
        assert!(close(grade(json!({"model": "m", "measure": "euclidean"}), &[0.0, 3.0], &[4.0, 0.0]), 1.0 / 6.0));
        assert!(close(grade(json!({"model": "m", "measure": "dot"}), &[0.5, 0.5], &[0.5, 0.1]), 0.3));
    }

    #[test]
    fn a_reply_that_is_not_as_promised_is_no_grade() {
        let spec: EmbeddingSpec = serde_json::from_value(json!({"model": "m"})).unwrap();
        for reply in [
            json!({}),
            json!({"data": []}),
            json!({"data": [{"embedding": [1.0]}]}),
            json!({"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]}),
            json!({"data": [{"embedding": ["x"]}, {"embedding": [1.0]}]}),
            json!({"data": [{"embedding": [1e300, 1e300]}, {"embedding": [1e300, 1e300]}]}),
        ] {
            assert_eq!(spec.read(&reply).reason(), Some(Unscored::ScoringFailed), "{reply}");
        }
        for bad in [
            json!({"model": ""}),
            json!({"model": "m", "floor": 1.0}),
            json!({"model": "m", "floor": 0.1, "measure": "dot"}),
        ] {
            assert!(serde_json::from_value::<EmbeddingSpec>(bad).unwrap().resolved().is_err());
        }
    }
}
