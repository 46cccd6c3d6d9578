//! `f1_tokens`: F1 of the bags of significant words, best of all targets (the SQuAD metric, as inspect-ai's `f1`
//! without its rounding).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Check, words};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `f1_tokens`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F1TokensSpec {}

impl F1TokensSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for F1TokensSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let best = targets.iter().map(|target| f1(&exchange.answer.text, target)).fold(0.0, f64::max);
        Outcome::grade(best)
    }
}

/// 2PR / (P + R), where an empty side has P (or R) of 1.
fn f1(answer: &str, target: &str) -> f64 {
    let (answer, target) = (words::significant(answer), words::significant(target));
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in &target {
        *left.entry(word).or_default() += 1;
    }
    let shared = answer
        .iter()
        .filter(|word| {
            left.get_mut(word.as_str()).is_some_and(|count| {
                let some = *count > 0;
                *count = count.saturating_sub(1);
                some
            })
        })
        .count() as f64;
    let share = |of: usize| if of == 0 { 1.0 } else { shared / of as f64 };
    let (precision, recall) = (share(answer.len()), share(target.len()));
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade};
    use serde_json::json;

    #[test]
    fn words_count_as_often_as_they_stand() {
        for (answer, target, want) in [
            ("the cat sat", "A cat sat!", 1.0),
            ("cat", "cat sat", 2.0 / 3.0),
            ("cat cat", "cat", 2.0 / 3.0),
            ("dog", "cat", 0.0),
            ("", "", 1.0),
        ] {
            let got = f1(answer, target);
            assert!(close(got, want), "{answer} vs {target}: {got}");
        }
        assert!(close(grade("kind='f1_tokens'", "paris", json!(["rome", "Paris, France"])), 2.0 / 3.0));
    }
}
