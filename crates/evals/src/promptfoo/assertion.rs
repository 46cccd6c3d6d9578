//! promptfoo's assertions as scorers. An assertion that all tests share keeps its value in the scorer; one of a single
//! test puts it into the item, as what is expected or as a criterion.

use serde_json::{Map, Value, json};

use crate::{dataset::Item, exchange::as_text};

/// A scorer that an assertion asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    kind: &'static str,
    /// promptfoo's name for the score.
    metric: Option<String>,
    args: Map<String, Value>,
    /// What the item must hold.
    holds: Holds,
    /// Its part of the quality.
    pub(super) weight: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Holds {
    Nothing,
    Expected(Value),
    Criteria(String),
}

impl Wanted {
    /// What tells this scorer from others; values that stand in items do not count.
    pub(super) fn signature(&self) -> String {
        json!([self.kind, self.metric, self.args, self.weight]).to_string()
    }

    /// The scorer's kind.
    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// A name that formulas can use.
    pub(super) fn name(&self) -> String {
        let name: String = self.metric.as_deref().unwrap_or_else(|| self.base()).to_lowercase();
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        match plain.starts_with(|c: char| c.is_ascii_alphabetic()) && plain != "quality" {
            true => plain,
            false => format!("s_{plain}"),
        }
    }

    /// A judge is called by its template.
    fn base(&self) -> &str {
        let template = self.args.get("template").and_then(Value::as_str);
        template.map_or(self.kind, |template| template.trim_start_matches("builtin:"))
    }

    /// Its keys in a suite but the name.
    pub(super) fn table(&self) -> Map<String, Value> {
        let mut table = Map::from_iter([("kind".to_owned(), Value::from(self.kind))]);
        table.extend(self.args.clone());
        table
    }

    /// Puts its value into the item.
    pub(super) fn bind(&mut self, item: &mut Item) -> Result<(), String> {
        match std::mem::replace(&mut self.holds, Holds::Nothing) {
            Holds::Nothing => Ok(()),
            Holds::Expected(value) => match &item.expected {
                Some(other) if *other != value => Err(format!("`{}` is a second expected answer", self.kind)),
                _ => {
                    item.expected = Some(value);
                    Ok(())
                }
            },
            Holds::Criteria(text) => match &item.criteria {
                Some(other) if *other != text => Err(format!("`{}` is a second criterion", self.kind)),
                _ => {
                    item.criteria = Some(text);
                    Ok(())
                }
            },
        }
    }
}

/// Assertions that every test has, word for word.
pub(super) fn shared(cases: &[Value]) -> Vec<Value> {
    let list = |case: &Value| case["assert"].as_array().cloned().unwrap_or_default();
    let Some((first, others)) = cases.split_first() else { return Vec::new() };
    let mut shared = list(first);
    shared.retain(|one| others.iter().all(|case| list(case).contains(one)));
    // With a single test nothing tells what is meant for all.
    if others.is_empty() { Vec::new() } else { shared }
}

/// What an assertion asks for, or why weir has no equal.
pub(super) fn read(assertion: &Value, shared: bool) -> Result<Wanted, String> {
    let named = assertion["type"].as_str().unwrap_or_default();
    let (kind, negate) = named.strip_prefix("not-").map_or((named, false), |kind| (kind, true));
    let value = &assertion["value"];
    let threshold = assertion["threshold"].as_f64();
    let (scorer, mut args, mut holds) = plain(kind, value, threshold, shared)?;
    if negate {
        match scorer {
            "contains" | "icontains" | "starts_with" | "is_sql" | "is_xml" | "is_html" | "refusal" => {
                args.insert("negate".to_owned(), true.into());
            }
            "regex" => {
                let pattern = args.shift_remove("must_match").unwrap_or_default();
                args.insert("must_not_match".to_owned(), pattern);
            }
            _ => return Err(format!("`{named}` has no equal here")),
        }
    }
    if let Holds::Expected(Value::Null) = holds {
        holds = Holds::Nothing;
    }
    let metric = assertion["metric"].as_str().map(str::to_owned);
    let weight = assertion["weight"].as_f64().filter(|weight| weight.is_finite() && *weight >= 0.0).unwrap_or(1.0);
    Ok(Wanted { kind: scorer, metric, args, holds, weight })
}

type Plain = (&'static str, Map<String, Value>, Holds);

fn plain(kind: &str, value: &Value, threshold: Option<f64>, shared: bool) -> Result<Plain, String> {
    let with = |pairs: &[(&str, Value)]| -> Map<String, Value> {
        pairs
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect()
    };
    let expected = || Holds::Expected(value.clone());
    let judge = |template: &str, holds: Holds| {
        Ok(("judge", with(&[("template", format!("builtin:{template}").into())]), holds))
    };
    let (base, many) = match kind {
        "contains-any" | "contains-all" => ("contains", Some(kind.trim_start_matches("contains-"))),
        "icontains-any" | "icontains-all" => ("icontains", Some(kind.trim_start_matches("icontains-"))),
        "starts-with" => ("starts_with", None),
        other => (other, None),
    };
    Ok(match base {
        "contains" => substring("contains", value, many, shared),
        "icontains" => substring("icontains", value, many, shared),
        "starts_with" => substring("starts_with", value, many, shared),
        "equals" => ("exact_match", Map::new(), expected()),
        "regex" if shared => ("regex", with(&[("must_match", as_text(value).into())]), Holds::Nothing),
        "regex" => {
            return Err("`regex` of a single test has no equal here: a suite's pattern is the same for all".to_owned());
        }
        "is-json" => ("valid_json", with(&[("schema", schema(value, shared)?)]), Holds::Nothing),
        "contains-json" => {
            ("valid_json", with(&[("extract", true.into()), ("schema", schema(value, shared)?)]), Holds::Nothing)
        }
        "is-sql" => ("is_sql", Map::new(), Holds::Nothing),
        "is-xml" => ("is_xml", Map::new(), Holds::Nothing),
        "is-html" => ("is_html", Map::new(), Holds::Nothing),
        "is-refusal" => ("refusal", Map::new(), Holds::Nothing),
        "levenshtein" => {
            ("levenshtein_max", with(&[("threshold", threshold.map(|most| most as u64).into())]), expected())
        }
        "rouge-n" => ("rouge", with(&[("variant", "1".into())]), expected()),
        "bleu" => ("bleu", with(&[("flavour", "promptfoo".into())]), expected()),
        "gleu" => ("gleu", with(&[("flavour", "promptfoo".into())]), expected()),
        "meteor" => ("meteor", Map::new(), expected()),
        "latency" => ("latency_ms", with(&[("max", threshold.into())]), Holds::Nothing),
        "cost" => ("cost_usd", with(&[("max", threshold.into())]), Holds::Nothing),
        "perplexity" => ("perplexity", with(&[("max", threshold.into())]), Holds::Nothing),
        "word-count" => ("word_count", words(value), Holds::Nothing),
        "webhook" => ("webhook", with(&[("url", as_text(value).into())]), Holds::Nothing),
        "tool-call-f1" => {
            return Err("`tool-call-f1`: give the items `expected_tools` and the suite a `tool_call_f1`".to_owned());
        }
        "similar" | "similar:cosine" => {
            return Err(
                "`similar`: add a scorer of kind `embedding_similarity` with the `model` that embeds".to_owned()
            );
        }
        "llm-rubric" | "model-graded-closedqa" => return judge("closed_qa", Holds::Criteria(as_text(value))),
        "g-eval" => return judge("g_eval", Holds::Criteria(as_text(value))),
        "factuality" | "model-graded-factuality" => return judge("factuality", expected()),
        "answer-relevance" => return judge("answer_relevancy", Holds::Nothing),
        "context-faithfulness" => return judge("faithfulness", Holds::Nothing),
        "context-recall" => return judge("context_recall", expected()),
        other => return Err(format!("`{other}` has no equal here")),
    })
}

/// The texts stand in the scorer when all tests look for them, else they are what an item expects.
fn substring(kind: &'static str, value: &Value, many: Option<&str>, shared: bool) -> Plain {
    let texts: Vec<Value> = match value {
        Value::Array(list) => list.iter().map(|one| as_text(one).into()).collect(),
        Value::String(text) if many.is_some() => text.split(',').map(|part| part.trim().into()).collect(),
        other => vec![as_text(other).into()],
    };
    let mut args = Map::new();
    if many == Some("all") {
        args.insert("quantifier".to_owned(), "all".into());
    }
    if shared {
        args.insert("values".to_owned(), Value::Array(texts));
        return (kind, args, Holds::Nothing);
    }
    let expected = if many.is_some() { Value::Array(texts) } else { texts.into_iter().next().unwrap_or_default() };
    (kind, args, Holds::Expected(expected))
}

/// A schema that is written out; one that is a text is in a file or a template.
fn schema(value: &Value, shared: bool) -> Result<Value, String> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Object(_) if shared => Ok(value.clone()),
        Value::Object(_) => {
            Err("a JSON schema of a single test has no equal here: a suite's is the same for all".to_owned())
        }
        _ => Err("a JSON schema in a file: name it as `schema_file` of a scorer of kind `json_schema`".to_owned()),
    }
}

fn words(value: &Value) -> Map<String, Value> {
    let exact = |count: &Value| Map::from_iter([("min".to_owned(), count.clone()), ("max".to_owned(), count.clone())]);
    match value {
        Value::Object(bounds) => bounds
            .iter()
            .filter(|(key, _)| ["min", "max"].contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        count => exact(count),
    }
}
