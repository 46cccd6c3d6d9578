//! How a `text_similarity` compares two texts: by a check on the spot, or by their embeddings, which somebody has to be
//! asked for. OpenAI's criterion does not say who, so a `model` of its own does, or the embeddings scorer that is configured.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_core::chat::Answer;

use crate::{
    Exchange, Reference, ScorerSpec,
    asked::embedding::{EmbeddingSpec, Measure},
    compile,
};

/// The metrics that there are, for whoever asked for another.
const METRICS: &str = "cosine, fuzzy_match, bleu, gleu, rouge_1 to rouge_5 and rouge_l";

/// A metric by its name.
#[derive(Debug, Clone)]
pub(super) enum Metric {
    /// A check's grade.
    Check(Box<ScorerSpec>),
    /// The cosine of two embeddings.
    Cosine {
        /// Who makes them, where the criterion says it.
        model: Option<String>,
    },
}

impl Metric {
    /// Reads the `evaluation_metric` of a criterion.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let name = value["evaluation_metric"].as_str().ok_or("`evaluation_metric`: wanted some text")?;
        let spec = match name {
            "cosine" => {
                return match &value["model"] {
                    Value::Null => Ok(Self::Cosine { model: None }),
                    Value::String(model) if !model.trim().is_empty() => Ok(Self::Cosine { model: Some(model.clone()) }),
                    _ => Err("`model`: wanted the name of who makes embeddings".to_owned()),
                };
            }
            "fuzzy_match" => Some(json!({"kind": "levenshtein"})),
            "bleu" => Some(json!({"kind": "bleu"})),
            "gleu" => Some(json!({"kind": "gleu"})),
            "rouge_l" => Some(json!({"kind": "rouge", "variant": "L"})),
            "meteor" => {
                return Err(format!(
                    "`evaluation_metric`: `meteor` matches synonyms out of WordNet, which weir does not ship, so its \
                     number would be another; there are {METRICS}"
                ));
            }
            other => {
                let n = other.strip_prefix("rouge_").and_then(|n| n.parse::<u32>().ok());
                n.filter(|n| (1..=5).contains(n)).map(|n| json!({"kind": "rouge", "variant": n.to_string()}))
            }
        };
        spec.and_then(|spec| ScorerSpec::parse(&spec).ok())
            .map(|spec| Self::Check(Box::new(spec)))
            .ok_or_else(|| format!("`evaluation_metric`: `{name}` is not here; there are {METRICS}"))
    }
}

/// A check's grade of a text beside another.
///
/// # Errors
/// Why there is none.
pub(super) fn checked(spec: &ScorerSpec, input: String, reference: String) -> Result<f64, String> {
    let answer = Answer { text: input, ..Answer::default() };
    let reference = Reference::expecting(reference);
    let exchange = Exchange::new(&[], &answer, Some(&reference));
    let outcome = compile(spec).map_err(|error| error.to_string())?.run(&exchange);
    outcome.value().ok_or_else(|| outcome.explanation.unwrap_or_else(|| "no score".into()))
}

/// The cosine out of a reply with two embeddings; what points away from each other is not alike, 0.
///
/// # Errors
/// When it holds something else.
pub(super) fn cosine(reply: &Value) -> Result<f64, String> {
    let spec = EmbeddingSpec { model: String::new(), measure: Measure::Cosine, floor: Some(0.0) };
    let outcome = spec.read(reply);
    outcome.value().ok_or_else(|| outcome.explanation.unwrap_or_else(|| "no score".into()))
}

/// Who makes the embeddings of a `cosine` that names nobody: the one deployment that the configured scorers of the kind
/// `embedding_similarity` ask.
///
/// # Errors
/// When there is none, or more than one, with what to do about it.
pub fn embedder<'a>(scorers: impl IntoIterator<Item = &'a Value>) -> Result<String, String> {
    let kind = |scorer: &&Value| scorer["kind"] == "embedding_similarity";
    let asked = scorers.into_iter().filter(kind).filter_map(|scorer| match ScorerSpec::parse(scorer) {
        Ok(ScorerSpec::EmbeddingSimilarity(spec)) => Some(spec.model),
        _ => None,
    });
    let mut models: BTreeSet<String> = asked.collect();
    match (models.pop_first(), models.is_empty()) {
        (Some(model), true) => Ok(model),
        (Some(first), false) => Err(format!(
            "`cosine` needs embeddings, and scorers ask {first} and {} for some: give the criterion a `model`",
            models.into_iter().collect::<Vec<_>>().join(", ")
        )),
        (None, _) => Err("`cosine` needs embeddings, and nothing says who makes them: add [scorers.NAME] with \
                          kind = \"embedding_similarity\" and the deployment as its `model`, or give the criterion a \
                          `model`"
            .to_owned()),
    }
}
