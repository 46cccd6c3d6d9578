//! The text of a suite file and the places in it, so that every error names line and column.

use std::ops::Range;

use serde_json::{Map, Value};

use super::SuiteError;
use crate::nearest::nearest;

/// A file's text with its name, for messages.
#[derive(Clone, Copy)]
pub(super) struct SourceText<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a str,
}

impl SourceText<'_> {
    pub(super) fn error(&self, span: Option<Range<usize>>, message: impl Into<String>) -> SuiteError {
        let before = self.text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        SuiteError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
        }
    }

    /// The span of a `[[…]]` entry, stretched to the next table.
    pub(super) fn body(&self, span: Range<usize>) -> Range<usize> {
        let rest = self.text.get(span.end..).unwrap_or_default();
        let end = rest.find("\n[").map_or(self.text.len(), |at| span.end + at);
        span.start..end
    }

    /// Where a word stands as a key within a span; the span where it does not.
    pub(super) fn key(&self, span: &Range<usize>, word: &str) -> Range<usize> {
        let mut at = span.start;
        for line in self.text.get(span.clone()).unwrap_or_default().split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let trimmed = line.trim_start().trim_start_matches(['"', '\'']);
            if trimmed
                .strip_prefix(word)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(['=', '.']))
            {
                return at + indent..at + line.len();
            }
            at += line.len();
        }
        span.clone()
    }
}

/// The first word in backticks.
pub(super) fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// Adds the nearest known name to a message about an unknown one.
pub(super) fn unknown_with_hint(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let found = words.next();
    match (message.contains("unknown field") || message.contains("unknown variant"), found) {
        (true, Some(found)) => match nearest(found, words) {
            Some(name) => format!("{message}; did you mean `{name}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

pub(super) fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(to_json).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, to_json(value))).collect::<Map<_, _>>())
        }
    }
}
