//! `distinct_n`: different word n-grams of the answer / all of them (Li et al. 2016); with `n = 1` the type-token ratio.
//! Words are by white space, in lower case. An answer of fewer than n words has no n-gram and no grade.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, ngrams::MOST_CHARS, python, text::too_long};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Longest n-gram.
const MOST_N: usize = 9;

/// `distinct_n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistinctSpec {
    /// Words in a group, `1..=9`.
    #[serde(default = "one")]
    pub n: usize,
}

const fn one() -> usize {
    1
}

impl DistinctSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if !(1..=MOST_N).contains(&self.n) {
            return Err(SpecError::field("n", format!("found {}, wanted 1 to {MOST_N}", self.n)));
        }
        Ok(Box::new(self.clone()))
    }
}

impl Check for DistinctSpec {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        if exchange.answer.text.len() > MOST_CHARS {
            return too_long();
        }
        let text = exchange.answer.text.to_lowercase();
        let words: Vec<&str> = python::split(&text).collect();
        let all = words.windows(self.n).count();
        if all == 0 {
            let why = format!("the answer has {} words, wanted {} or more", words.len(), self.n);
            return Outcome::unscored(Unscored::NoTokens, why);
        }
        let different = words.windows(self.n).collect::<HashSet<_>>().len();
        Outcome::grade(different as f64 / all as f64).because(format!("{different} of {all} differ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;

    #[test]
    fn repeats_lower_the_share() {
        assert_eq!(grade("kind='distinct_n'", "a A b b", json!(null)), 0.5);
        assert!(close(grade("kind='distinct_n'\nn=2", "a b a b", json!(null)), 2.0 / 3.0));
        assert_eq!(run("kind='distinct_n'\nn=2", "a", json!(null)).reason(), Some(Unscored::NoTokens));
        assert!(DistinctSpec { n: 0 }.compile().is_err());
    }
}
