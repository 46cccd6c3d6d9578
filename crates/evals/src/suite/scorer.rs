//! `[[scorer]]` of a suite: a scorer's definition with what only a suite says of it, when it runs.

use std::ops::Range;

use toml::{Spanned, Table, Value};
use weir_core::expr::{Expr, ExprError, Schema, Type};

use super::{
    SuiteError,
    source::{SourceText, quoted, to_json, unknown_with_hint},
};
use crate::spec::{ScorerSpec, compile};

/// One scorer of a suite; its definition compiles.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteScorer {
    /// Its name, unique in the suite.
    pub name: String,
    /// Its definition.
    pub spec: ScorerSpec,
    /// Over the grades of scorers before it; where it does not hold, this one is not run and counts for nothing.
    pub run_if: Option<Expr>,
}

/// What judges of the suite take over unless they say otherwise: `[judge.default]`.
#[derive(Debug, Clone, Default)]
pub(super) struct JudgeDefaults(pub(super) Table);

impl JudgeDefaults {
    /// Puts the defaults under what the judge says itself.
    fn under(&self, table: &mut Table) {
        for (key, value) in &self.0 {
            table.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// A schema of grades: each earlier scorer's name is a number.
pub(super) fn grades<'a>(names: impl IntoIterator<Item = &'a str>) -> Schema {
    Schema::new(names.into_iter().map(|name| (name.to_owned(), Type::Number)))
}

/// Reads one entry.
pub(super) fn read(
    source: SourceText<'_>,
    entry: Spanned<Table>,
    defaults: &JudgeDefaults,
    earlier: &[SuiteScorer],
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Result<SuiteScorer, SuiteError> {
    let span = source.body(entry.span());
    let mut table = entry.into_inner();
    let name = match table.remove("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => name,
        Some(_) => return Err(source.error(Some(source.key(&span, "name")), "`name`: wanted some text")),
        None => return Err(source.error(Some(span), "a scorer without `name`")),
    };
    let place = source.key(&span, "name");
    if earlier.iter().any(|scorer| scorer.name == name) {
        return Err(source.error(Some(place), format!("two scorers are called `{name}`")));
    }
    let fail = |message: String| {
        let place = quoted(&message).map_or_else(|| span.clone(), |word| source.key(&span, word));
        source.error(Some(place), format!("scorer `{name}`: {}", unknown_with_hint(&message)))
    };
    let run_if = match table.remove("run_if") {
        None => None,
        Some(Value::String(text)) => {
            let schema = grades(earlier.iter().map(|scorer| scorer.name.as_str()));
            Some(Expr::compile(&text, &schema, &Type::Bool).map_err(|error| fail(told("run_if", &error)))?)
        }
        Some(_) => return Err(fail("`run_if`: wanted a condition in quotes, such as \"format == 1.0\"".into())),
    };
    match table.get("kind").and_then(Value::as_str) {
        None => return Err(fail("missing field `kind`".into())),
        Some("pairwise") => {
            table.insert("kind".into(), "judge".into());
            table.entry("template").or_insert_with(|| "builtin:pairwise".into());
            defaults.under(&mut table);
        }
        Some("judge") => defaults.under(&mut table),
        Some(_) => {}
    }
    let mut spec = ScorerSpec::parse(&to_json(Value::Table(table))).map_err(|error| fail(error.to_string()))?;
    spec.resolve_files(files).map_err(|error| fail(error.to_string()))?;
    compile(&spec).map_err(|error| fail(error.to_string()))?;
    Ok(SuiteScorer { name, spec, run_if })
}

/// An expression's error as words about its key.
pub(super) fn told(key: &str, error: &ExprError) -> String {
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("`{key}`: {} at line {}, column {}{hint}", error.message, error.line, error.column)
}

/// What `[judge.default]` may say. Judges are asked at temperature 0, as written or not.
pub(super) fn defaults(
    source: SourceText<'_>,
    written: Option<Spanned<Table>>,
) -> Result<(JudgeDefaults, Option<f64>), SuiteError> {
    let Some(written) = written else {
        return Ok((JudgeDefaults::default(), None));
    };
    let span: Range<usize> = source.body(written.span());
    let mut table = written.into_inner();
    let wrong = |key: &str, message: &str| {
        Err(source.error(Some(source.key(&span, key)), format!("[judge.default] `{key}`: {message}")))
    };
    let number = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|number| number as f64));
    if let Some(temperature) = table.remove("temperature")
        && number(&temperature) != Some(0.0)
    {
        return wrong("temperature", "judges are asked at temperature 0, so that a grade can be had again");
    }
    let max_usd = match table.remove("max_usd") {
        None => None,
        Some(value) => match number(&value).filter(|usd| usd.is_finite() && *usd > 0.0) {
            Some(usd) => Some(usd),
            None => return wrong("max_usd", "wanted a number of dollars over 0"),
        },
    };
    match table.remove("not_family_of") {
        None => {}
        Some(Value::String(arm)) if arm == "arm" => {
            table.insert("other_family".into(), true.into());
        }
        Some(_) => return wrong("not_family_of", "there is only \"arm\": the model whose answer is judged"),
    }
    const KNOWN: [&str; 9] =
        ["model", "votes", "jury", "reduce", "other_family", "budget_usd_per_day", "no_cache", "order", "repeat"];
    if let Some(key) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let known = KNOWN.into_iter().chain(["temperature", "max_usd", "not_family_of"]);
        let hint = crate::nearest::suggest(key, known);
        return Err(
            source.error(Some(source.key(&span, key)), format!("unknown field `{key}` in [judge.default]{hint}"))
        );
    }
    Ok((JudgeDefaults(table), max_usd))
}
