//! `regex` and `pattern_extract`. Patterns run in linear time (the `regex` crate), because answers are untrusted; one
//! that does not compile is a configuration error.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Check, Reads, exact::shorten, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

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
    must: Option<Regex>,
    must_not: Option<Regex>,
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
        let build = |field, text: &Option<String>| text.as_deref().map(|text| pattern(field, text, true)).transpose();
        Ok(Box::new(Conditions {
            must: build("must_match", &self.must_match)?,
            must_not: build("must_not_match", &self.must_not_match)?,
        }))
    }
}

impl Check for Conditions {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let text = exchange.answer.text.as_str();
        if self.must.as_ref().is_some_and(|must| !must.is_match(text)) {
            return Outcome::pass(false).because("`must_match` is not found");
        }
        match self.must_not.as_ref().and_then(|must_not| must_not.find(text)) {
            Some(found) => Outcome::pass(false).because(format!("`must_not_match` found {}", shorten(found.as_str()))),
            None => Outcome::pass(true),
        }
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
        let pass =
            if self.match_all { !groups.is_empty() && groups.iter().all(equals) } else { groups.iter().any(equals) };
        Outcome::pass(pass).because(format!("extracted {}", shorten(&groups.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

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
    fn a_bad_pattern_is_refused_at_load() {
        let spec = RegexSpec { must_match: Some("(".into()), must_not_match: None };
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
    }

    #[test]
    fn a_nullable_pattern_on_an_empty_answer_is_no_response() {
        let spec = r"kind='pattern_extract'
            pattern='(.*)'";
        assert_eq!(run(spec, "  ", json!("x")).reason(), Some(Unscored::NoResponse));
    }
}
