//! `regex` and `pattern_extract`. Patterns run in linear time (the `regex` crate), because answers are untrusted; one
//! that does not compile is a configuration error. With `fancy` a pattern of `regex` may look around and refer back, which
//! means to try and return: beyond a million steps back the answer is unscored.

use regex::Regex;
use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, exact::shorten, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Steps back of a `fancy` pattern.
const MOST_STEPS: usize = 1_000_000;

/// `regex`: both conditions must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegexSpec {
    /// Must be found in the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub must_match: Option<String>,
    /// Must not be found in the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub must_not_match: Option<String>,
    /// Patterns may look around and refer back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fancy: bool,
}

/// `pattern_extract`: a captured group equals a target, as inspect-ai's `pattern`. No match is a failed format: 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternExtractSpec {
    /// What to look for; without a group the whole match is compared.
    pub pattern: String,
    /// Every captured group must equal a target; otherwise one is enough.
    #[serde(default, skip_serializing_if = "is_default")]
    pub match_all: bool,
    /// Compare and match with case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_sensitive: bool,
}

struct Conditions {
    must: Option<Pattern>,
    must_not: Option<Pattern>,
}

enum Pattern {
    Linear(Regex),
    Fancy(fancy_regex::Regex),
}

impl Pattern {
    /// The first place it matches.
    fn find<'t>(&self, text: &'t str) -> Result<Option<&'t str>, Outcome> {
        match self {
            Self::Linear(regex) => Ok(regex.find(text).map(|found| found.as_str())),
            Self::Fancy(regex) => match regex.find(text) {
                Ok(found) => Ok(found.map(|found| found.as_str())),
                Err(error) => Err(Outcome::unscored(Unscored::ScoringFailed, format!("the pattern gave up: {error}"))),
            },
        }
    }
}

struct Extract {
    pattern: Regex,
    match_all: bool,
    case_sensitive: bool,
}

fn pattern(field: &'static str, text: &str, case_sensitive: bool) -> Result<Regex, SpecError> {
    regex::RegexBuilder::new(text).case_insensitive(!case_sensitive).build().map_err(|error| {
        // The parser draws the pattern over several lines; its last line says what is wrong.
        let message = error.to_string();
        let message = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        SpecError::Pattern { field, pattern: text.to_owned(), message }
    })
}

impl RegexSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if self.must_match.is_none() && self.must_not_match.is_none() {
            return Err(SpecError::field("must_match", "give `must_match`, `must_not_match` or both"));
        }
        let one = |field, text: &str| match self.fancy {
            false => pattern(field, text, true).map(Pattern::Linear),
            true => fancy_regex::RegexBuilder::new(text)
                .backtrack_limit(MOST_STEPS)
                .build()
                .map(Pattern::Fancy)
                .map_err(|error| SpecError::Pattern { field, pattern: text.to_owned(), message: error.to_string() }),
        };
        let build = |field, text: &Option<String>| text.as_deref().map(|text| one(field, text)).transpose();
        Ok(Box::new(Conditions {
            must: build("must_match", &self.must_match)?,
            must_not: build("must_not_match", &self.must_not_match)?,
        }))
    }
}

impl Check for Conditions {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        self.hold(exchange.answer.text.as_str()).unwrap_or_else(|gave_up| gave_up)
    }
}

impl Conditions {
    fn hold(&self, text: &str) -> Result<Outcome, Outcome> {
        if let Some(must) = &self.must
            && must.find(text)?.is_none()
        {
            return Ok(Outcome::pass(false).because("`must_match` is not found"));
        }
        let found = self.must_not.as_ref().map(|must_not| must_not.find(text)).transpose()?.flatten();
        Ok(match found {
            Some(found) => Outcome::pass(false).because(format!("`must_not_match` found {}", shorten(found))),
            None => Outcome::pass(true),
        })
    }
}

impl PatternExtractSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(Extract {
            pattern: pattern("pattern", &self.pattern, self.case_sensitive)?,
            match_all: self.match_all,
            case_sensitive: self.case_sensitive,
        }))
    }
}

impl Check for Extract {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let Some(captures) = self.pattern.captures(&exchange.answer.text) else {
            return Outcome::pass(false).because("the pattern is not found in the answer");
        };
        let fold = |text: &str| {
            if self.case_sensitive { text.to_owned() } else { text.to_lowercase() }
        };
        let targets: Vec<String> = targets.iter().map(|target| fold(target)).collect();
        let first = usize::from(captures.len() > 1);
        let groups: Vec<&str> = captures.iter().skip(first).flatten().map(|group| group.as_str()).collect();
        let equals = |group: &&str| targets.contains(&fold(group));
        // What extracts nothing has extracted no answer, whatever the target.
        let pass = match self.match_all {
            true => !groups.is_empty() && groups.iter().all(equals) && targets.iter().any(|target| !target.is_empty()),
            false => groups.iter().copied().find(|group| equals(group)).is_some_and(|group| !group.is_empty()),
        };
        Outcome::pass(pass).because(format!("extracted {}", shorten(&groups.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{grade, run};
    use serde_json::json;

    #[test]
    fn both_conditions_must_hold() {
        let spec = r"kind='regex'
            must_match='\d{4}'
            must_not_match='(?i)sorry'";
        assert_eq!(grade(spec, "in 1999", json!(null)), 1.0);
        assert_eq!(grade(spec, "in 99", json!(null)), 0.0);
        assert_eq!(grade(spec, "SORRY, 1999", json!(null)), 0.0);
    }

    #[test]
    fn a_pattern_that_would_run_away_elsewhere_is_linear_here() {
        let spec = r"kind='regex'
            must_match='(a+)+$'";
        let answer = "a".repeat(1 << 17) + "b";
        // A backtracking engine would not come back at all.
        assert_eq!(grade(spec, &answer, json!(null)), 0.0);
    }

    #[test]
    fn a_fancy_pattern_looks_around_and_gives_up_in_time() {
        let spec = r"kind='regex'
            fancy=true
            must_match='^(?!.*sorry)(\w)\w*\1$'";
        assert_eq!((grade(spec, "abca", json!(null)), grade(spec, "sorrys", json!(null))), (1.0, 0.0));
        let spec = r"kind='regex'
            fancy=true
            must_match='^(?:(a+)\1?)+$'";
        let outcome = run(spec, &format!("{}!", "a".repeat(5_000)), json!(null));
        assert_eq!(outcome.reason(), Some(Unscored::ScoringFailed), "{outcome:?}");
        let bad = RegexSpec { must_match: Some("(?<".into()), fancy: true, ..Default::default() };
        assert!(bad.compile().is_err());
    }

    #[test]
    fn a_bad_pattern_is_refused_at_load() {
        let spec = RegexSpec { must_match: Some("(".into()), must_not_match: None, fancy: false };
        let error = spec.compile().err().unwrap().to_string();
        assert!(error.contains("must_match") && error.contains("unclosed group"), "{error}");
        assert!(RegexSpec::default().compile().is_err());
    }

    #[test]
    fn extraction_compares_groups_with_targets() {
        let one = r"kind='pattern_extract'
            pattern='answer: *(\w+)'";
        assert_eq!(grade(one, "Answer: Paris", json!("paris")), 1.0);
        assert_eq!(grade(one, "Paris", json!("paris")), 0.0);
        let all = r"kind='pattern_extract'
            pattern='(\w+) and (\w+)'
            match_all=true";
        assert_eq!(grade(all, "red and blue", json!(["red", "blue"])), 1.0);
        assert_eq!(grade(all, "red and green", json!(["red", "blue"])), 0.0);
        let optional = r"kind='pattern_extract'
            pattern='x|(y)'
            match_all=true";
        assert_eq!(grade(optional, "x", json!("y")), 0.0);
        let nothing = r"kind='pattern_extract'
            pattern='x(y*)'";
        assert_eq!(grade(nothing, "x", json!("")), 0.0);
    }

    #[test]
    fn a_nullable_pattern_on_an_empty_answer_is_no_response() {
        let spec = r"kind='pattern_extract'
            pattern='(.*)'";
        assert_eq!(run(spec, "  ", json!("x")).reason(), Some(Unscored::NoResponse));
    }
}
