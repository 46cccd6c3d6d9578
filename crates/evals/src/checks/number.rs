//! Numbers in answers, `numeric_diff` and `numeric_tolerance`.
//!
//! `numeric_diff` = 1 − |e − o| / (|e| + |o|), 1 when both are 0 (autoevals' `NumericDiff`). `numeric_tolerance` passes
//! when |o − e| ≤ abs + rel·|e|. An answer without a finite number is unscored, as there is no difference to grade.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, is_default, numeral, python};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Which number of the answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    /// The whole answer is the number.
    #[default]
    Whole,
    /// The first number in it.
    First,
    /// The last number in it.
    Last,
}

/// `numeric_diff`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericDiffSpec {
    /// Which number of the answer counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub find: Find,
}

/// `numeric_tolerance`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericToleranceSpec {
    /// Which number of the answer counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub find: Find,
    /// Absolute tolerance, 0 or more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub abs: f64,
    /// Tolerance as a share of the reference, 0 or more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rel: f64,
}

impl NumericDiffSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl NumericToleranceSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        for (field, value) in [("abs", self.abs), ("rel", self.rel)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(SpecError::field(field, format!("found {value}, wanted a number of 0 or more")));
            }
        }
        Ok(Box::new(self.clone()))
    }
}

impl Check for NumericDiffSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        match operands(self.find, exchange) {
            Ok((found, expected)) => Outcome::grade(likeness(found, expected)),
            Err(outcome) => outcome,
        }
    }
}

impl Check for NumericToleranceSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        match operands(self.find, exchange) {
            Ok((found, expected)) => {
                let pass = (found - expected).abs() <= self.abs + self.rel * expected.abs();
                Outcome::pass(pass).because(format!("found {found}, expected {expected}"))
            }
            Err(outcome) => outcome,
        }
    }
}

fn operands(find: Find, exchange: &Exchange<'_>) -> Result<(f64, f64), Outcome> {
    let expected = exchange.expected().ok_or_else(Outcome::no_reference)?;
    let expected = match expected {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => whole(text),
        _ => None,
    };
    let Some(expected) = expected.filter(|number| number.is_finite()) else {
        return Err(Outcome::unscored(Unscored::InvalidNumber, "the expected answer is not a finite number"));
    };
    let answer = exchange.answer.text.as_str();
    let found = match find {
        Find::Whole => whole(answer),
        Find::First => in_words(answer).next(),
        Find::Last => in_words(answer).last(),
    };
    found
        .map(|found| (found, expected))
        .ok_or_else(|| Outcome::unscored(Unscored::InvalidNumber, "the answer holds no finite number"))
}

/// 1 − |a − b| / (|a| + |b|), 1 when both are 0. Both must be finite; halved first where the sum would overflow.
pub(crate) fn likeness(a: f64, b: f64) -> f64 {
    if a == 0.0 && b == 0.0 {
        return 1.0;
    }
    let scale = if a.abs() > f64::MAX / 4.0 || b.abs() > f64::MAX / 4.0 { 0.25 } else { 1.0 };
    let (a, b) = (a * scale, b * scale);
    1.0 - (a - b).abs() / (a.abs() + b.abs())
}

/// Equal to 9 significant digits, so that `0.1 + 0.2` is `0.3`.
pub(crate) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// The text as one number: currency signs, thousands commas and emphasis go, a trailing full stop too.
pub(crate) fn whole(text: &str) -> Option<f64> {
    read(&bare(text))
}

/// The text as one number, also in brackets or quotes.
pub(crate) fn enclosed(text: &str) -> Option<f64> {
    read(trim(&bare(python::strip(text))))
}

fn read(text: &str) -> Option<f64> {
    python::finite(text).or_else(|| numeral::read(text))
}

fn trim(word: &str) -> &str {
    word.trim_matches(|c| "!?:;()[]{}'\"`".contains(c))
}

/// The numbers among the words of a text, in order. `60%` and `<42` are not numbers: they say something else.
pub(crate) fn in_words(text: &str) -> impl DoubleEndedIterator<Item = f64> {
    let bare = bare(text);
    let numbers: Vec<f64> = python::split(&bare).filter_map(|word| read(trim(word))).collect();
    numbers.into_iter()
}

/// Without currency signs, thousands commas and emphasis, and without full stops that no digit follows.
pub(crate) fn bare(text: &str) -> String {
    const MARKS: &str = "$,£€*_";
    let mut chars = text.chars().peekable();
    let mut kept = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let escape = c == '\\' && chars.peek().is_some_and(|next| MARKS.contains(*next));
        if !escape && !MARKS.contains(c) {
            kept.push(c);
        }
    }
    let mut chars = kept.chars().peekable();
    let mut out = String::with_capacity(kept.len());
    while let Some(c) = chars.next() {
        if c != '.' || chars.peek().is_some_and(|next| python::decimal(*next).is_some()) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;

    #[test]
    fn difference_is_relative_to_both_numbers() {
        for (answer, expected, want) in [
            ("105", json!(100), 0.975_609_756_097_561),
            ("0", json!(0), 1.0),
            ("-5", json!(5), 0.0),
            ("1", json!(0), 0.0),
            ("$1,000", json!("1000"), 1.0),
        ] {
            let got = grade("kind='numeric_diff'", answer, expected);
            assert!(close(got, want), "{answer}: {got}");
        }
    }

    #[test]
    fn what_is_no_finite_number_is_unscored() {
        for answer in ["NaN", "inf", "1e999", "about ten"] {
            assert_eq!(
                run("kind='numeric_diff'", answer, json!(1)).reason(),
                Some(Unscored::InvalidNumber),
                "{answer}"
            );
        }
        assert_eq!(run("kind='numeric_diff'", "1", json!("ten")).reason(), Some(Unscored::InvalidNumber));
        assert_eq!(run("kind='numeric_tolerance'", "1", json!(null)).reason(), Some(Unscored::NoReference));
    }

    #[test]
    fn tolerances_add_up() {
        let spec = "kind='numeric_tolerance'\nabs=0.5\nrel=0.01\nfind='last'";
        assert_eq!(grade(spec, "it is about 101.5", json!(100)), 1.0);
        assert_eq!(grade(spec, "it is about 101.6", json!(100)), 0.0);
        assert!(NumericToleranceSpec { abs: -1.0, ..Default::default() }.compile().is_err());
        assert!(NumericToleranceSpec { rel: f64::NAN, ..Default::default() }.compile().is_err());
    }

    #[test]
    fn huge_numbers_do_not_overflow() {
        assert_eq!(likeness(f64::MAX, -f64::MAX), 0.0);
        assert_eq!(likeness(f64::MAX, f64::MAX), 1.0);
    }
}
