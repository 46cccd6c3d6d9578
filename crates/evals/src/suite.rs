//! A suite: a dataset and the scorers that a workload is held to, in one TOML file.
//!
//! ```toml
//! [suite]
//! name = "maths"
//! workload = "maths"
//! dataset = "../datasets/maths.jsonl"
//! [[scorer]]
//! name = "exact"
//! kind = "match"
//! numeric = true
//! ```

use std::ops::Range;

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::{
    nearest::{nearest, suggest},
    spec::{ScorerSpec, compile},
};

/// A suite as read; every scorer in it compiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The workload it holds to account.
    pub workload: String,
    /// A dataset by name, or a file beside the suite.
    pub dataset: String,
    /// The scorer that decides; the first where none is named.
    pub quality: String,
    /// Scorers by name, in order.
    pub scorers: Vec<(String, ScorerSpec)>,
}

/// What is wrong with a suite file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct SuiteError {
    /// The file as named by the caller.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What was found and what is wanted.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    suite: Head,
    #[serde(default)]
    scorer: Vec<Spanned<toml::Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    workload: String,
    dataset: String,
    quality: Option<Spanned<String>>,
}

impl Suite {
    /// Reads a suite. `file` is only for messages. Scorers that name files (`schema_file`, a judge's `.toml`
    /// template) have them read by `read`.
    ///
    /// # Errors
    /// At the first thing that is wrong, with its place.
    pub fn parse(text: &str, file: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, SuiteError> {
        let source = SourceText { text, file };
        let parsed: File =
            toml::from_str(text).map_err(|error| source.error(error.span(), unknown_with_hint(error.message())))?;
        let mut scorers: Vec<(String, ScorerSpec)> = Vec::new();
        for entry in parsed.scorer {
            let (name, spec) = source.scorer(entry, read)?;
            if scorers.iter().any(|(earlier, _)| *earlier == name.0) {
                return Err(source.error(Some(name.1), format!("two scorers are called `{}`", name.0)));
            }
            scorers.push((name.0, spec));
        }
        let names: Vec<&str> = scorers.iter().map(|(name, _)| name.as_str()).collect();
        let quality = match (parsed.suite.quality, names.first()) {
            (Some(quality), _) if !names.contains(&quality.get_ref().as_str()) => {
                let hint = suggest(quality.get_ref(), names.iter().copied());
                let message = format!("no scorer is called `{}`{hint}", quality.get_ref());
                return Err(source.error(Some(quality.span()), message));
            }
            (Some(quality), _) => quality.into_inner(),
            (None, Some(first)) => (*first).to_owned(),
            (None, None) => {
                return Err(source.error(None, "a suite needs at least one `[[scorer]]`".into()));
            }
        };
        Ok(Self {
            name: parsed.suite.name,
            workload: parsed.suite.workload,
            dataset: parsed.suite.dataset,
            quality,
            scorers,
        })
    }

    /// The scorer with this name.
    #[must_use]
    pub fn scorer(&self, name: &str) -> Option<&ScorerSpec> {
        self.scorers.iter().find(|(known, _)| known == name).map(|(_, spec)| spec)
    }
}

struct SourceText<'a> {
    text: &'a str,
    file: &'a str,
}

impl SourceText<'_> {
    fn error(&self, span: Option<Range<usize>>, message: String) -> SuiteError {
        let before = self.text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        SuiteError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message,
        }
    }

    fn scorer(
        &self,
        entry: Spanned<toml::Table>,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<((String, Range<usize>), ScorerSpec), SuiteError> {
        let span = self.body(entry.span());
        let mut table = entry.into_inner();
        let name = match table.remove("name") {
            Some(toml::Value::String(name)) if !name.trim().is_empty() => name,
            Some(_) => {
                return Err(self.error(Some(self.key(&span, "name")), "`name`: wanted some text".into()));
            }
            None => return Err(self.error(Some(span), "a scorer without `name`".into())),
        };
        let fail = |message: String| {
            let place = quoted(&message).map_or_else(|| span.clone(), |word| self.key(&span, word));
            self.error(Some(place), format!("scorer `{name}`: {}", unknown_with_hint(&message)))
        };
        if !table.contains_key("kind") {
            return Err(fail("missing field `kind`".into()));
        }
        let value = to_json(toml::Value::Table(table));
        let mut spec = ScorerSpec::parse(&value).map_err(|error| fail(error.to_string()))?;
        spec.resolve_files(read).map_err(|error| fail(error.to_string()))?;
        compile(&spec).map_err(|error| fail(error.to_string()))?;
        let place = self.key(&span, "name");
        Ok(((name, place), spec))
    }

    /// The span of a `[[scorer]]` entry, stretched to the next table.
    fn body(&self, span: Range<usize>) -> Range<usize> {
        let rest = self.text.get(span.end..).unwrap_or_default();
        let end = rest.find("\n[").map_or(self.text.len(), |at| span.end + at);
        span.start..end
    }

    /// Where a word stands as a key within a span; the span where it does not.
    fn key(&self, span: &Range<usize>, word: &str) -> Range<usize> {
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
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// Adds the nearest known name to a message about an unknown one.
fn unknown_with_hint(message: &str) -> String {
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

fn to_json(value: toml::Value) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[suite]\nname = 'm'\nworkload = 'maths'\ndataset = 'maths'\n";

    fn parse(rest: &str) -> Result<Suite, String> {
        Suite::parse(&format!("{HEAD}{rest}"), "m.toml", &|name| Err(format!("no file {name}")))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_suite_is_read_and_its_first_scorer_decides() {
        let suite = parse("[[scorer]]\nname = 'exact'\nkind = 'match'\nnumeric = true\n[[scorer]]\nname = 'short'\nkind = 'one_line'\n").unwrap();
        assert_eq!(suite.quality, "exact");
        assert_eq!(suite.scorers.len(), 2);
        assert!(matches!(suite.scorer("short"), Some(ScorerSpec::OneLine(_))));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (rest, want) in [
            ("", "m.toml:1:1: a suite needs at least one"),
            ("colour = 1\n", "m.toml:5:1: unknown field `colour`"),
            (
                "qualty = 'x'\n",
                "m.toml:5:1: unknown field `qualty`, expected one of `name`, `workload`, `dataset`, `quality`; did you mean `quality`?",
            ),
            (
                "quality = 'exat'\n[[scorer]]\nname = 'exact'\nkind = 'exact_match'\n",
                "m.toml:5:11: no scorer is called `exat`; did you mean `exact`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'exact_mach'\n",
                "m.toml:7:1: scorer `x`: `kind`: no scorer kind is called `exact_mach`; did you mean `exact_match`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'exact_match'\nmood = 'deep'\n",
                "m.toml:8:1: scorer `x`: unknown field `mood`, expected `mode`; did you mean `mode`?",
            ),
            (
                "[[scorer]]\nname = 'x'\nkind = 'regex'\n  must_match = '('\n",
                "m.toml:8:3: scorer `x`: `must_match`: `(` is not a regular expression",
            ),
            ("[[scorer]]\nkind = 'regex'\n", "m.toml:5:1: a scorer without `name`"),
            ("[[scorer]]\nname = 'x'\n", "m.toml:5:1: scorer `x`: missing field `kind`"),
            (
                "[[scorer]]\nname = 'x'\nkind = 'one_line'\n[[scorer]]\nname = 'x'\nkind = 'one_line'\n",
                "m.toml:9:1: two scorers are called `x`",
            ),
            ("[[scorer]\n", "m.toml:5:"),
        ] {
            let error = parse(rest).unwrap_err();
            assert!(error.starts_with(want), "found: {error}\nwanted: {want}");
        }
    }
}
