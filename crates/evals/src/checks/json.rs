//! `valid_json` and `json_schema`.
//!
//! `valid_json` passes for an object or a list (autoevals' `ValidJSON`), with a `schema` for any value that fits it,
//! strictly by RFC 8259: no `NaN`, no code fence unless `extract`. `json_schema` follows draft 2020-12 or the schema's own `$schema`; formats are notes unless
//! `assert_formats`. Schemas are never fetched.

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use super::{Check, exact::shorten, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `valid_json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidJsonSpec {
    /// The value must fit this schema and may then be of any type.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schema: Option<Value>,
    /// Take the JSON out of a code fence or surrounding prose first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extract: bool,
}

/// `json_schema`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonSchemaSpec {
    /// The schema.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schema: Option<Value>,
    /// A file that holds the schema; it is read in before the scorer is compiled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schema_file: Option<String>,
    /// Formats such as `date` bind.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assert_formats: bool,
    /// Take the JSON out of a code fence or surrounding prose first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extract: bool,
}

struct Fits {
    validator: jsonschema::Validator,
    extract: bool,
}

impl ValidJsonSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        match &self.schema {
            None => Ok(Box::new(self.clone())),
            Some(schema) => Ok(Box::new(Fits { validator: validator(schema, false)?, extract: self.extract })),
        }
    }
}

fn validator(schema: &Value, assert_formats: bool) -> Result<jsonschema::Validator, SpecError> {
    jsonschema::options()
        .offline()
        .should_validate_formats(assert_formats)
        .build(schema)
        .map_err(|error| SpecError::Schema { message: error.to_string() })
}

impl Check for ValidJsonSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let text = &exchange.answer.text;
        match holds_values(text) {
            Ok(true) => Outcome::pass(true),
            Err(_) if self.extract && !within::<IgnoredAny>(text).is_empty() => Outcome::pass(true),
            Ok(false) => Outcome::pass(false).because("a bare value, wanted an object or a list"),
            Err(error) => Outcome::pass(false).because(format!("not JSON: {error}")),
        }
    }
}

impl JsonSchemaSpec {
    pub(crate) fn resolve_file(&mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), SpecError> {
        let Some(file) = self.schema_file.take() else {
            return Ok(());
        };
        if self.schema.is_some() {
            return Err(SpecError::field("schema_file", "give `schema` or `schema_file`, not both"));
        }
        let text = read(&file).map_err(|error| SpecError::field("schema_file", format!("`{file}`: {error}")))?;
        let schema = serde_json::from_str(&text)
            .map_err(|error| SpecError::field("schema_file", format!("`{file}`: {error}")))?;
        self.schema = Some(schema);
        Ok(())
    }

    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let Some(schema) = &self.schema else {
            return Err(SpecError::field("schema", "missing; give the schema or a `schema_file`"));
        };
        let validator = validator(schema, self.assert_formats)?;
        Ok(Box::new(Fits { validator, extract: self.extract }))
    }
}

impl Check for Fits {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let text = &exchange.answer.text;
        let values: Vec<Value> = match serde_json::from_str(text) {
            Ok(value) => vec![value],
            Err(error) => {
                let values = if self.extract { within(text) } else { Vec::new() };
                if values.is_empty() {
                    return Outcome::pass(false).because(format!("not JSON: {error}"));
                }
                values
            }
        };
        let mut why = String::new();
        for value in &values {
            match self.validator.validate(value) {
                Ok(()) => return Outcome::pass(true),
                Err(error) => {
                    let place = error.instance_path().to_string();
                    why = format!("{}: {error}", if place.is_empty() { "/" } else { &place });
                }
            }
        }
        Outcome::pass(false).because(shorten(&why))
    }
}

/// The answer as JSON. With `extract`, the first object within it counts as well, or else the first list.
pub(crate) fn read(text: &str, extract: bool) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| {
        let mut values: Vec<Value> = if extract { within(text) } else { Vec::new() };
        let first = values.iter().position(Value::is_object).or((!values.is_empty()).then_some(0));
        first.map(|at| values.swap_remove(at)).ok_or(error)
    })
}

/// Openings of objects and lists that are tried, and found: each may be read to the end of the answer.
const MOST_TRIED: usize = 200;

/// The objects and lists within a text, in order; not those within others.
fn within<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..MOST_TRIED {
        let Some(open) = text[at..].find(['{', '[']) else { break };
        at += open;
        let mut read = serde_json::Deserializer::from_str(&text[at..]).into_iter::<T>();
        match read.next() {
            Some(Ok(value)) => {
                found.push(value);
                at += read.byte_offset();
            }
            _ => at += 1,
        }
    }
    found
}

/// Whether a text is an object or a list, by the grammar alone: a number that no float holds is a number.
fn holds_values(text: &str) -> Result<bool, serde_json::Error> {
    serde_json::from_str::<IgnoredAny>(text)?;
    Ok(text.trim_start().starts_with(['{', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::grade;
    use serde_json::json;

    #[test]
    fn only_objects_and_lists_are_valid_json() {
        for (answer, pass) in [
            (r#"{"a":1}"#, 1.0),
            ("[]", 1.0),
            ("1", 0.0),
            ("\"x\"", 0.0),
            ("{\"a\":NaN}", 0.0),
            ("```json\n{}\n```", 0.0),
            ("{'a':1}", 0.0),
            ("[1e999, \"\\ud800\"]", 1.0),
        ] {
            assert_eq!(grade("kind='valid_json'", answer, json!(null)), pass, "{answer}");
        }
        assert_eq!(grade("kind='valid_json'\nextract=true", "Here:\n```json\n{\"a\":1}\n```", json!(null)), 1.0);
        assert_eq!(grade("kind='valid_json'\nextract=true", "Here: [1, 2]", json!(null)), 1.0);
        assert_eq!(grade("kind='valid_json'\nextract=true", "[see {above}", json!(null)), 0.0);
        assert_eq!(grade("kind='valid_json'\nschema={type='number'}", "1", json!(null)), 1.0);
        assert_eq!(grade("kind='valid_json'\nschema={type='number'}", "[]", json!(null)), 0.0);
    }

    #[test]
    fn any_of_the_values_within_a_text_may_fit() {
        let spec = "kind='json_schema'\nextract=true\nschema={type='object', required=['a']}";
        for (answer, pass) in [
            ("{\"b\":2}{\"a\":1}", 1.0),
            ("Given {x} and [1], it is {\"a\": {\"b\": \"}\"}}; not {\"b\": 1}.", 1.0),
            ("{\"b\": {\"a\": 1}}", 0.0),
            ("{a:1}", 0.0),
            ("none", 0.0),
        ] {
            assert_eq!(grade(spec, answer, json!(null)), pass, "{answer}");
        }
        assert_eq!(read("[1] {\"a\":1} {\"b\":2}", true).unwrap(), json!({"a": 1}));
        assert_eq!(read("so [1, 2] and [3]", true).unwrap(), json!([1, 2]));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = "[".repeat(100_000);
        assert_eq!(grade("kind='valid_json'\nextract=true", &deep, json!(null)), 0.0);
    }

    #[test]
    fn a_schema_binds_any_type_and_formats_only_when_asked() {
        let spec = |rest: &str| format!("kind='json_schema'\n{rest}");
        let number = spec("schema={type='number', minimum=3}");
        assert_eq!(grade(&number, "3", json!(null)), 1.0);
        assert_eq!(grade(&number, "2", json!(null)), 0.0);
        assert_eq!(grade(&number, "x", json!(null)), 0.0);
        let date = "schema={type='string', format='date'}";
        assert_eq!(grade(&spec(date), "\"soon\"", json!(null)), 1.0);
        assert_eq!(grade(&spec(&format!("{date}\nassert_formats=true")), "\"soon\"", json!(null)), 0.0);
    }

    #[test]
    fn a_bad_schema_is_refused_at_load() {
        let spec = JsonSchemaSpec { schema: Some(json!({"type": "nonsense"})), ..Default::default() };
        assert!(matches!(spec.compile().err(), Some(SpecError::Schema { .. })));
        assert!(JsonSchemaSpec::default().compile().is_err());
    }

    #[test]
    fn a_schema_file_is_read_in() {
        let mut spec = JsonSchemaSpec { schema_file: Some("reply.json".into()), ..Default::default() };
        spec.resolve_file(&|name| {
            assert_eq!(name, "reply.json");
            Ok("{\"type\":\"array\"}".into())
        })
        .unwrap();
        assert_eq!(spec.schema, Some(json!({"type": "array"})));
    }
}
