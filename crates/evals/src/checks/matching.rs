//! `match`: the answer begins with, ends with, contains or is the reference. As inspect-ai's `match`, with one
//! difference: numbers compare by value to 9 digits, where inspect-ai rounds both to 5, as `digits = 5` does here.

use serde::{Deserialize, Serialize};

use super::{Check, exact::shorten, is_default, number, python, words};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `match`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchSpec {
    /// Where the reference must stand.
    #[serde(default, skip_serializing_if = "is_default")]
    pub location: Location,
    /// Compare the first or last number of the answer with a numeric reference, by value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub numeric: bool,
    /// Numbers are rounded to so many significant digits before they are compared, `1..=17`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub digits: Option<usize>,
    /// Compare with case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_sensitive: bool,
    /// Keep punctuation at both ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep_punctuation: bool,
}

/// Where in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// At its beginning; the first number.
    Begin,
    /// At its end; the last number.
    #[default]
    End,
    /// Anywhere; any number.
    Any,
    /// The whole answer.
    Exact,
}

impl MatchSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if let Some(digits) = self.digits.filter(|digits| !(1..=17).contains(digits)) {
            return Err(SpecError::field("digits", format!("found {digits}, wanted 1 to 17")));
        }
        Ok(Box::new(self.clone()))
    }

    fn same(&self, a: f64, b: f64) -> bool {
        match self.digits {
            None => number::same(a, b),
            Some(digits) => format!("{a:.*e}", digits - 1) == format!("{b:.*e}", digits - 1),
        }
    }

    fn numbers(&self, answer: &str, target: f64) -> Outcome {
        let found = match self.location {
            Location::Begin => number::in_words(answer).next(),
            Location::End => number::in_words(answer).last(),
            Location::Any => {
                let hit = number::in_words(answer).any(|found| self.same(found, target));
                return Outcome::pass(hit);
            }
            Location::Exact => number::whole(answer),
        };
        match found {
            Some(found) => Outcome::pass(self.same(found, target)).because(format!("found the number {found}")),
            None => Outcome::pass(false).because("the answer has no number there"),
        }
    }

    /// Any of these spellings of one reference will do.
    fn words(&self, answer: &str, spellings: &[&str]) -> Outcome {
        let hit = spellings.iter().any(|target| self.texts(answer, target));
        Outcome::pass(hit).because(format!("wanted {}", shorten(spellings.first().copied().unwrap_or_default())))
    }

    fn texts(&self, answer: &str, target: &str) -> bool {
        let clean = |text: &str| {
            let text = python::strip(text);
            let text = if self.case_sensitive { text.to_owned() } else { python::casefold(text) };
            if self.keep_punctuation { text } else { words::trim_punctuation(&text).to_owned() }
        };
        let (answer, target) = (clean(answer), clean(target));
        if target.is_empty() {
            // Nothing is part of everything; only an answer that is nothing too is right.
            return answer.is_empty();
        }
        match self.location {
            Location::Begin => answer.starts_with(&target),
            Location::End => answer.ends_with(&target),
            Location::Any => answer.contains(&target),
            Location::Exact => answer == target,
        }
    }
}

impl Check for MatchSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let answer = exchange.answer.text.as_str();
        let mut last = Outcome::no_reference();
        for target in &targets {
            last = match number::enclosed(target).filter(|_| self.numeric) {
                Some(number) => self.numbers(answer, number),
                // A reference that is no number loses its currency signs and commas all the same.
                None if self.numeric => self.words(answer, &[target, &number::bare(python::strip(target))]),
                None => self.words(answer, &[target]),
            };
            if last.value() == Some(1.0) {
                return last;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::grade;
    use serde_json::json;

    #[test]
    fn numbers_compare_by_value() {
        let numeric = "kind='match'\nnumeric=true";
        for (answer, target, pass) in [
            ("$1,000.", json!(1000), 1.0),
            ("60%", json!(60), 0.0),
            ("the total is 25", json!("5"), 0.0),
            ("so 3 + 4 = **7**.", json!(7), 1.0),
            ("That makes 12 apples, or 12.0!", json!(12), 1.0),
            ("I think 4, no, (5)", json!(5), 1.0),
            ("\\$20", json!(20), 1.0),
            ("none", json!(0), 0.0),
            ("-3", json!(-3), 1.0),
            ("<42", json!(42), 0.0),
            ("123457", json!(123456), 0.0),
            ("it takes 2½ hours", json!(2.5), 1.0),
            ("it takes 2½", json!("2.5"), 1.0),
            ("共 一百二十", json!(120), 1.0),
            ("12", json!("(12)"), 1.0),
            ("so 25%", json!("25%"), 1.0),
            ("up by 1000%", json!("$1,000%"), 1.0),
            ("up by $1,000%", json!("$1,000%"), 1.0),
        ] {
            assert_eq!(grade(numeric, answer, target.clone()), pass, "{answer} vs {target}");
        }
        assert_eq!(grade("kind='match'\nnumeric=true\nlocation='begin'", "7 of 9", json!(7)), 1.0);
        let rounded = "kind='match'\nnumeric=true\ndigits=5";
        assert_eq!(grade(rounded, "about 2.94159265", json!(2.9416)), 1.0);
        assert_eq!(grade(rounded, "123457", json!(123456)), 1.0);
        assert_eq!(grade("kind='match'\nnumeric=true\nlocation='any'", "1 2 3", json!(2)), 1.0);
        assert_eq!(grade("kind='match'\nnumeric=true\nlocation='exact'", "it is 2", json!(2)), 0.0);
    }

    #[test]
    fn texts_compare_without_case_and_outer_punctuation() {
        assert_eq!(grade("kind='match'", "Paris", json!(".")), 0.0);
        assert_eq!(grade("kind='match'", "The capital is Paris.", json!("paris")), 1.0);
        assert_eq!(grade("kind='match'\nlocation='begin'", "Paris, of course", json!("Paris")), 1.0);
        assert_eq!(grade("kind='match'\nlocation='exact'", "'Paris'", json!("paris")), 1.0);
        assert_eq!(grade("kind='match'\nlocation='any'", "in Paris today", json!(["Rome", "Paris"])), 1.0);
        assert_eq!(grade("kind='match'\ncase_sensitive=true", "is paris", json!("Paris")), 0.0);
    }
}
