//! `contains`, `icontains`, `starts_with`, `ends_with`: plain substring tests, as promptfoo's assertions of these names.

use serde::{Deserialize, Serialize};

use super::{Check, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// The four substring tests. Without `value` and `values` the reference is looked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubstringSpec {
    /// The text to look for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: Option<String>,
    /// Several texts to look for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub values: Vec<String>,
    /// How many of them must be found.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quantifier: Quantifier,
    /// `value`, or the reference, is a comma-separated list; a field may be quoted, with `""` or `\"` for a quote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub list: bool,
    /// Pass when the test fails.
    #[serde(default, skip_serializing_if = "is_default")]
    pub negate: bool,
}

/// How many must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// One is enough.
    #[default]
    Any,
    /// Every one.
    All,
}

struct Substring {
    spec: SubstringSpec,
    fold_case: bool,
    holds: fn(&str, &str) -> bool,
}

impl SubstringSpec {
    pub(crate) fn contains(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, |text, part| text.contains(part))
    }
    pub(crate) fn icontains(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(true, |text, part| text.contains(part))
    }
    pub(crate) fn starts_with(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, |text, part| text.starts_with(part))
    }
    pub(crate) fn ends_with(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, |text, part| text.ends_with(part))
    }

    fn build(&self, fold_case: bool, holds: fn(&str, &str) -> bool) -> Result<Box<dyn Check>, SpecError> {
        if self.value.is_some() && !self.values.is_empty() {
            return Err(SpecError::field("value", "give `value` or `values`, not both"));
        }
        if self.value.iter().chain(&self.values).any(String::is_empty) {
            return Err(SpecError::field("value", "an empty text is part of every answer; give some text"));
        }
        Ok(Box::new(Substring { spec: self.clone(), fold_case, holds }))
    }

    fn parts(&self, exchange: &Exchange<'_>) -> Option<Vec<String>> {
        let given: Vec<String> = match &self.value {
            Some(value) => vec![value.clone()],
            None if !self.values.is_empty() => self.values.clone(),
            None => exchange.targets()?,
        };
        Some(if self.list { given.iter().flat_map(|text| comma_list(text)).collect() } else { given })
    }
}

impl Check for Substring {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(parts) = self.spec.parts(exchange) else {
            return Outcome::no_reference();
        };
        let fold = |text: &str| {
            if self.fold_case { text.to_lowercase() } else { text.to_owned() }
        };
        let answer = fold(&exchange.answer.text);
        let found = |part: &String| match part.is_empty() {
            // Nothing is part of everything; only an answer that is nothing too is right.
            true => answer.is_empty(),
            false => (self.holds)(&answer, &fold(part)),
        };
        let pass = match self.spec.quantifier {
            Quantifier::Any => parts.iter().any(found),
            Quantifier::All => parts.iter().all(found),
        };
        Outcome::pass(pass != self.spec.negate)
    }
}

/// Splits `a, "b, c", d` at its outer commas; fields are trimmed, empty unquoted ones dropped.
fn comma_list(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '\\' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() && !was_quoted => {
                field.clear();
                (quoted, was_quoted) = (true, true);
            }
            ',' if !quoted => push_field(&mut fields, &mut field, &mut was_quoted),
            c if was_quoted && !quoted && c.is_whitespace() => {}
            c => field.push(c),
        }
    }
    push_field(&mut fields, &mut field, &mut was_quoted);
    fields
}

fn push_field(fields: &mut Vec<String>, field: &mut String, was_quoted: &mut bool) {
    let done = std::mem::take(field);
    if std::mem::take(was_quoted) {
        fields.push(done);
    } else if !done.trim().is_empty() {
        fields.push(done.trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::comma_list;
    use crate::checks::testing::{grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn each_test_looks_where_its_name_says() {
        let none = json!(null);
        for (spec, pass) in [
            ("kind='contains'\nvalue='World'", 1.0),
            ("kind='contains'\nvalue='world'", 0.0),
            ("kind='icontains'\nvalue='wORLD'", 1.0),
            ("kind='starts_with'\nvalue='Hello'", 1.0),
            ("kind='ends_with'\nvalue='Hello'", 0.0),
            ("kind='contains'\nvalues=['x','World']", 1.0),
            ("kind='contains'\nvalues=['x','World']\nquantifier='all'", 0.0),
            ("kind='contains'\nvalue='x'\nnegate=true", 1.0),
            ("kind='contains'\nvalue='Hello, \"a, b\"'\nlist=true\nquantifier='all'", 0.0),
        ] {
            assert_eq!(grade(spec, "Hello World", none.clone()), pass, "{spec}");
        }
        assert_eq!(grade("kind='contains'", "it is 42", json!(42)), 1.0);
        assert_eq!(run("kind='contains'", "x", none).reason(), Some(Unscored::NoReference));
    }

    #[test]
    fn an_empty_reference_is_found_in_an_empty_answer_only() {
        assert_eq!(grade("kind='contains'", "anything", json!("")), 0.0);
        assert_eq!(grade("kind='contains'", "", json!("")), 1.0);
    }

    #[test]
    fn a_comma_list_may_quote_its_fields() {
        assert_eq!(comma_list(r#"a, "b, c" ,d,"say ""hi""","x\"y""#), ["a", "b, c", "d", "say \"hi\"", "x\"y"]);
        assert_eq!(comma_list(" , "), Vec::<String>::new());
    }
}
