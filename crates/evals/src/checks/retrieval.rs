//! Scorers of retrieved ids. The answer is a JSON list of ids, best first (or an object with that list under `field`);
//! the expected answer is the list of relevant ids, or for `ndcg` also an object from id to gain.
//!
//! `context_precision_ids` = hits / retrieved and `context_recall_ids` = hits / relevant, as sets (ragas' id-based
//! metrics). `average_precision` = Σ P@k·rel_k / (Σ rel_k + 1e-10) (ragas). `ndcg` = DCG / ideal DCG with linear gains
//! and log2(rank + 1) (sklearn's `ndcg_score`); `mrr` = 1 / rank of the first hit; `hit` = any hit. With `k` only the
//! first k count.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_core::score::Unscored;

use super::{Check, is_default, json, python};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `context_precision_ids`, `context_recall_ids`, `average_precision`, `ndcg`, `mrr` and `hit`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalSpec {
    /// How many of the retrieved ids count, from the top; all when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub k: Option<usize>,
    /// Where the list stands when the answer is an object.
    #[serde(default, skip_serializing_if = "is_default")]
    pub field: Option<String>,
}

/// Retrieved ids in order, and the gain of each relevant one.
struct Retrieved {
    ids: Vec<String>,
    gains: HashMap<String, f64>,
}

struct Metric {
    spec: RetrievalSpec,
    measure: fn(&Retrieved, Option<usize>) -> Option<f64>,
}

impl RetrievalSpec {
    pub(crate) fn precision(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, _| {
            let ids: HashSet<&String> = found.ids.iter().collect();
            let hits = ids.iter().filter(|id| found.gains.contains_key(**id)).count();
            (!ids.is_empty()).then(|| hits as f64 / ids.len() as f64)
        })
    }
    pub(crate) fn recall(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, _| {
            let hits = found.gains.keys().filter(|id| found.ids.contains(id)).count();
            Some(hits as f64 / found.gains.len() as f64)
        })
    }
    pub(crate) fn average_precision(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, _| {
            let (mut hits, mut sum) = (0.0, 0.0);
            for (rank, id) in (1_u32..).zip(&found.ids) {
                if found.gains.contains_key(id) {
                    hits += 1.0;
                    sum += hits / f64::from(rank);
                }
            }
            Some(sum / (hits + 1e-10))
        })
    }
    pub(crate) fn ndcg(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, k| {
            let dcg =
                |gains: &[f64]| (2_u32..).zip(gains).map(|(rank, gain)| gain / f64::from(rank).log2()).sum::<f64>();
            let gains: Vec<f64> = found.ids.iter().map(|id| found.gains.get(id).copied().unwrap_or(0.0)).collect();
            let mut ideal: Vec<f64> = found.gains.values().copied().collect();
            ideal.sort_by(|a, b| b.total_cmp(a));
            ideal.truncate(k.unwrap_or(usize::MAX));
            let best = dcg(&ideal);
            Some(if best == 0.0 { 0.0 } else { dcg(&gains) / best })
        })
    }
    pub(crate) fn mrr(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, _| {
            let first = found.ids.iter().position(|id| found.gains.contains_key(id));
            Some(first.map_or(0.0, |at| 1.0 / (at + 1) as f64))
        })
    }
    pub(crate) fn hit(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|found, _| Some(f64::from(u8::from(found.ids.iter().any(|id| found.gains.contains_key(id))))))
    }

    fn build(&self, measure: fn(&Retrieved, Option<usize>) -> Option<f64>) -> Result<Box<dyn Check>, SpecError> {
        if self.k == Some(0) {
            return Err(SpecError::field("k", "found 0, wanted 1 or more"));
        }
        Ok(Box::new(Metric { spec: self.clone(), measure }))
    }

    /// The ids of the answer, each counted once, at its first place.
    fn retrieved(&self, text: &str) -> Option<Vec<String>> {
        let value = json::read(text, true).ok()?;
        let list = match &self.field {
            Some(field) => value.get(field)?,
            None => &value,
        };
        let mut seen = HashSet::new();
        let ids = list.as_array()?.iter().map(python::text).filter(|id| seen.insert(id.clone()));
        Some(ids.take(self.k.unwrap_or(usize::MAX)).collect())
    }
}

fn gains(expected: &Value) -> Option<HashMap<String, f64>> {
    match expected {
        Value::Array(ids) => Some(ids.iter().map(|id| (python::text(id), 1.0)).collect()),
        Value::Object(gains) => gains
            .iter()
            .filter(|(_, gain)| gain.as_f64() != Some(0.0))
            .map(|(id, gain)| Some((id.clone(), gain.as_f64().filter(|gain| *gain > 0.0)?)))
            .collect(),
        _ => None,
    }
}

impl Check for Metric {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let gains = exchange.expected().and_then(gains).filter(|gains| !gains.is_empty());
        let Some(gains) = gains else {
            return Outcome::unscored(Unscored::NoReference, "no list of relevant ids to compare with");
        };
        let Some(ids) = self.spec.retrieved(&exchange.answer.text) else {
            return Outcome::unscored(Unscored::InvalidResponseFormat, "the answer is not a JSON list of ids");
        };
        let count = ids.len();
        match (self.measure)(&Retrieved { ids, gains }, self.spec.k) {
            Some(grade) => Outcome::grade(grade).because(format!("{count} ids looked at")),
            None => Outcome::unscored(Unscored::NoResponse, "nothing was retrieved"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn sets_and_ranks() {
        let answer = r#"["a","x","b","y"]"#;
        let relevant = json!(["a", "b", "c"]);
        for (spec, want) in [
            ("kind='context_precision_ids'", 0.5),
            ("kind='context_precision_ids'\nk=1", 1.0),
            ("kind='context_recall_ids'", 2.0 / 3.0),
            ("kind='average_precision'", (1.0 + 2.0 / 3.0) / (2.0 + 1e-10)),
            ("kind='mrr'", 1.0),
            ("kind='hit'\nk=1", 1.0),
            ("kind='ndcg'\nk=2", 1.0 / (1.0 + 1.0 / 3.0_f64.log2())),
        ] {
            let got = grade(spec, answer, relevant.clone());
            assert!(close(got, want), "{spec}: {got}");
        }
        assert!(close(grade("kind='ndcg'", "[1,2,3]", json!({"1": 1, "2": 0, "3": 1})), 0.919_720_789_148_187_7));
        assert_eq!(grade("kind='mrr'", "[9]", json!([1])), 0.0);
    }

    #[test]
    fn what_is_no_list_is_unscored() {
        assert_eq!(run("kind='hit'", "none", json!(["a"])).reason(), Some(Unscored::InvalidResponseFormat));
        assert_eq!(run("kind='hit'", "[]", json!([])).reason(), Some(Unscored::NoReference));
        assert_eq!(run("kind='context_precision_ids'", "[]", json!(["a"])).reason(), Some(Unscored::NoResponse));
    }
}
