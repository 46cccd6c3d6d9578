//! A scorer as written in a configuration file, its version, and its compiled form.
//!
//! A spec is data: it is parsed strictly (unknown kinds and keys are errors), hashed to a version, and compiled once.
//! What is wrong with it (a regular expression, a schema, a template name) is an error here, at load, and never a
//! score. Fields at their default are left out of the hash, so that a new optional field changes no version.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use crate::{
    asked::{embedding::EmbeddingSpec, webhook::WebhookSpec},
    canonical::{canonical_json, text_hash},
    checks::{
        Check, Reads,
        bleu::{BleuSpec, GleuSpec},
        chrf::ChrfSpec,
        code_exec::CodeExecSpec,
        diversity::DistinctSpec,
        error_rate::ErrorRateSpec,
        exact::ExactMatchSpec,
        expr::ExprSpec,
        forms::{FormSpec, LanguageSpec},
        json::{JsonSchemaSpec, ValidJsonSpec},
        json_diff::JsonDiffSpec,
        levenshtein::{CharacterSpec, LevenshteinMaxSpec},
        limits::{OneLineSpec, SentenceCountSpec, WordCountSpec},
        list_contains::ListContainsSpec,
        matching::MatchSpec,
        measured::{MeasuredSpec, PerplexitySpec},
        meteor::MeteorSpec,
        number::{NumericDiffSpec, NumericToleranceSpec},
        overlap::F1TokensSpec,
        pattern::{PatternExtractSpec, RegexSpec},
        quotes::QuotedSpansSpec,
        readability::ReadabilitySpec,
        refusal::RefusalSpec,
        retrieval::RetrievalSpec,
        rouge::RougeSpec,
        secrets::PatternsSpec,
        substring::SubstringSpec,
        ter::TerSpec,
        tools::{ToolCallAccuracySpec, ToolCallF1Spec, ToolCalledSpec, ToolCorrectnessSpec},
        trajectory::{StepCountSpec, ToolArgsMatchSpec, ToolSequenceSpec},
    },
    exchange::{Exchange, Outcome},
    judge::JudgeSpec,
};

/// Declares every kind once: its name as written, its definition, and how a check is compiled from it.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:literal: $variant:ident($spec:ty) => $compile:path;)*) => {
        /// A scorer's definition, tagged by `kind`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum ScorerSpec {
            $($(#[$doc])* #[serde(rename = $name)] $variant($spec),)*
        }

        /// Every kind, as written.
        pub const KINDS: &[&str] = &[$($name),*];

        fn work(spec: &ScorerSpec) -> Result<Work, SpecError> {
            match spec {
                $(ScorerSpec::$variant(it) => $compile(it).map(Work::from),)*
            }
        }
    };
}

kinds! {
    /// The answer equals the reference.
    "exact_match": ExactMatch(ExactMatchSpec) => ExactMatchSpec::compile;
    /// The answer contains a text.
    "contains": Contains(SubstringSpec) => SubstringSpec::contains;
    /// The answer contains a text, whatever its case.
    "icontains": Icontains(SubstringSpec) => SubstringSpec::icontains;
    /// The answer begins with a text.
    "starts_with": StartsWith(SubstringSpec) => SubstringSpec::starts_with;
    /// The answer ends with a text.
    "ends_with": EndsWith(SubstringSpec) => SubstringSpec::ends_with;
    /// The answer matches one pattern and does not match another.
    "regex": Regex(RegexSpec) => RegexSpec::compile;
    /// What a pattern takes out of the answer equals the reference.
    "pattern_extract": PatternExtract(PatternExtractSpec) => PatternExtractSpec::compile;
    /// The answer begins with, ends with, contains or is the reference, as text or as a number.
    "match": Match(MatchSpec) => MatchSpec::compile;
    /// F1 of the bags of words.
    "f1_tokens": F1Tokens(F1TokensSpec) => F1TokensSpec::compile;
    /// One minus the normalised edit distance.
    "levenshtein": Levenshtein(CharacterSpec) => CharacterSpec::levenshtein;
    /// At most so many edits.
    "levenshtein_max": LevenshteinMax(LevenshteinMaxSpec) => LevenshteinMaxSpec::compile;
    /// Jaro similarity.
    "jaro": Jaro(CharacterSpec) => CharacterSpec::jaro;
    /// Jaro-Winkler similarity.
    "jaro_winkler": JaroWinkler(CharacterSpec) => CharacterSpec::jaro_winkler;
    /// Share of equal characters by place.
    "hamming": Hamming(CharacterSpec) => CharacterSpec::hamming;
    /// Sentence BLEU.
    "bleu": Bleu(BleuSpec) => BleuSpec::compile;
    /// The smaller of n-gram precision and recall.
    "gleu": Gleu(GleuSpec) => GleuSpec::compile;
    /// Overlap of n-grams or of the longest common subsequence.
    "rouge": Rouge(RougeSpec) => RougeSpec::compile;
    /// F-measure of character n-grams.
    "chrf": Chrf(ChrfSpec) => ChrfSpec::compile;
    /// One minus the translation edit rate.
    "ter": Ter(TerSpec) => TerSpec::compile;
    /// Matched words and stems, less a penalty for scattered ones.
    "meteor": Meteor(MeteorSpec) => MeteorSpec::compile;
    /// One minus the word error rate.
    "wer": Wer(ErrorRateSpec) => ErrorRateSpec::wer;
    /// One minus the character error rate.
    "cer": Cer(ErrorRateSpec) => ErrorRateSpec::cer;
    /// One minus the match error rate.
    "mer": Mer(ErrorRateSpec) => ErrorRateSpec::mer;
    /// One minus the word information lost.
    "wil": Wil(ErrorRateSpec) => ErrorRateSpec::wil;
    /// Share of the word n-grams that differ.
    "distinct_n": DistinctN(DistinctSpec) => DistinctSpec::compile;
    /// A formula of readability lies between two bounds.
    "readability": Readability(ReadabilitySpec) => ReadabilitySpec::compile;
    /// One minus the relative difference of two numbers.
    "numeric_diff": NumericDiff(NumericDiffSpec) => NumericDiffSpec::compile;
    /// The number lies within a tolerance of the reference.
    "numeric_tolerance": NumericTolerance(NumericToleranceSpec) => NumericToleranceSpec::compile;
    /// The answer is a JSON object or array.
    "valid_json": ValidJson(ValidJsonSpec) => ValidJsonSpec::compile;
    /// The answer is JSON that fits a schema.
    "json_schema": JsonSchema(JsonSchemaSpec) => JsonSchemaSpec::compile;
    /// Recursive likeness of two JSON values.
    "json_diff": JsonDiff(JsonDiffSpec) => JsonDiffSpec::compile;
    /// Best pairing of the elements of two lists.
    "list_contains": ListContains(ListContainsSpec) => ListContainsSpec::compile;
    /// Which tools were called.
    "tool_called": ToolCalled(ToolCalledSpec) => ToolCalledSpec::compile;
    /// F1 of the sets of tool calls.
    "tool_call_f1": ToolCallF1(ToolCallF1Spec) => ToolCallF1Spec::compile;
    /// Expected tool calls with their arguments, in order.
    "tool_call_accuracy": ToolCallAccuracy(ToolCallAccuracySpec) => ToolCallAccuracySpec::compile;
    /// Share of the expected tool calls that were made.
    "tool_correctness": ToolCorrectness(ToolCorrectnessSpec) => ToolCorrectnessSpec::compile;
    /// Order of the tool calls.
    "tool_sequence": ToolSequence(ToolSequenceSpec) => ToolSequenceSpec::compile;
    /// Arguments of a tool's calls.
    "tool_args_match": ToolArgsMatch(ToolArgsMatchSpec) => ToolArgsMatchSpec::compile;
    /// Number of tool calls.
    "step_count": StepCount(StepCountSpec) => StepCountSpec::compile;
    /// Share of the retrieved ids that are relevant.
    "context_precision_ids": ContextPrecisionIds(RetrievalSpec) => RetrievalSpec::precision;
    /// Share of the relevant ids that were retrieved.
    "context_recall_ids": ContextRecallIds(RetrievalSpec) => RetrievalSpec::recall;
    /// Mean precision at the ranks of the relevant ids.
    "average_precision": AveragePrecision(RetrievalSpec) => RetrievalSpec::average_precision;
    /// Normalised discounted cumulative gain.
    "ndcg": Ndcg(RetrievalSpec) => RetrievalSpec::ndcg;
    /// One over the rank of the first relevant id.
    "mrr": Mrr(RetrievalSpec) => RetrievalSpec::mrr;
    /// A relevant id was retrieved.
    "hit": Hit(RetrievalSpec) => RetrievalSpec::hit;
    /// Share of the quotes that stand in the context.
    "quoted_spans": QuotedSpans(QuotedSpansSpec) => QuotedSpansSpec::compile;
    /// Time to the last byte.
    "latency_ms": LatencyMs(MeasuredSpec) => MeasuredSpec::latency_ms;
    /// Time to the first byte of the answer.
    "ttft_ms": TtftMs(MeasuredSpec) => MeasuredSpec::ttft_ms;
    /// What it cost.
    "cost_usd": CostUsd(MeasuredSpec) => MeasuredSpec::cost_usd;
    /// Tokens of prompt and answer.
    "tokens": Tokens(MeasuredSpec) => MeasuredSpec::tokens;
    /// Attempts after the first.
    "retries": Retries(MeasuredSpec) => MeasuredSpec::retries;
    /// Perplexity of the answer by its own log probabilities.
    "perplexity": Perplexity(PerplexitySpec) => PerplexitySpec::compile;
    /// The answer declines to answer.
    "refusal": Refusal(RefusalSpec) => RefusalSpec::compile;
    /// The answer has one line.
    "one_line": OneLine(OneLineSpec) => OneLineSpec::compile;
    /// The number of words lies between two bounds.
    "word_count": WordCount(WordCountSpec) => WordCountSpec::compile;
    /// The number of sentences lies between two bounds.
    "sentence_count": SentenceCount(SentenceCountSpec) => SentenceCountSpec::compile;
    /// The answer is in a language.
    "language": Language(LanguageSpec) => LanguageSpec::compile;
    /// The answer is well-formed XML.
    "is_xml": IsXml(FormSpec) => FormSpec::xml;
    /// The answer is HTML.
    "is_html": IsHtml(FormSpec) => FormSpec::html;
    /// The answer parses as SQL.
    "is_sql": IsSql(FormSpec) => FormSpec::sql;
    /// The answer is a URL.
    "is_url": IsUrl(FormSpec) => FormSpec::url;
    /// The answer is an e-mail address.
    "is_email": IsEmail(FormSpec) => FormSpec::email;
    /// No personal data is found.
    "pii_regex": PiiRegex(PatternsSpec) => PatternsSpec::personal;
    /// No credentials are found.
    "secret_regex": SecretRegex(PatternsSpec) => PatternsSpec::credentials;
    /// An expression over the answer, what was expected and what was measured.
    "expr": Expr(ExprSpec) => ExprSpec::compile;
    /// A WebAssembly module, run in a sandbox.
    "code_exec": CodeExec(CodeExecSpec) => CodeExecSpec::compile;
    /// Likeness of meaning, by an embeddings deployment.
    "embedding_similarity": EmbeddingSimilarity(EmbeddingSpec) => EmbeddingSpec::resolved;
    /// A program is asked over HTTP.
    "webhook": Webhook(WebhookSpec) => WebhookSpec::resolved;
    /// A model is asked.
    "judge": Judge(JudgeSpec) => JudgeSpec::resolved;
}

/// A definition that cannot be used. These are found at load; no request ever meets one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// A regular expression does not compile.
    #[error("`{field}`: `{pattern}` is not a regular expression: {message}")]
    Pattern {
        /// The key it stands under.
        field: &'static str,
        /// As written.
        pattern: String,
        /// What the parser says.
        message: String,
    },
    /// A JSON schema is not one.
    #[error("`schema` is not a JSON schema: {message}")]
    Schema {
        /// What the compiler says.
        message: String,
    },
    /// A key is missing, out of range or at odds with another.
    #[error("`{field}`: {message}")]
    Field {
        /// The key.
        field: &'static str,
        /// What was found and what is wanted.
        message: String,
    },
    /// The definition does not have the shape of its kind.
    #[error("{message}")]
    Shape {
        /// What was found and what is wanted.
        message: String,
    },
}

impl SpecError {
    pub(crate) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Field { field, message: message.into() }
    }
}

impl ScorerSpec {
    /// Reads a definition from a configuration value.
    ///
    /// # Errors
    /// When `kind` is unknown (the nearest is named), a key is unknown or has the wrong type.
    pub fn parse(value: &serde_json::Value) -> Result<Self, SpecError> {
        if let Some(kind) = value.get("kind").and_then(serde_json::Value::as_str)
            && !KINDS.contains(&kind)
        {
            let hint = crate::nearest::suggest(kind, KINDS.iter().copied());
            return Err(SpecError::field("kind", format!("no scorer kind is called `{kind}`{hint}")));
        }
        Self::deserialize(value).map_err(|error| SpecError::Shape { message: error.to_string() })
    }

    /// Hash of everything that decides the score, 12 hex digits. A new version opens a new quality window.
    #[must_use]
    pub fn version(&self) -> String {
        let resolved = match self {
            // How often it is asked twice decides no score.
            Self::Judge(judge) => {
                Self::Judge(JudgeSpec { repeat: None, ..judge.resolved().unwrap_or_else(|_| judge.clone()) })
            }
            other => other.clone(),
        };
        // Serialising a plain data type cannot fail; the debug text keeps even that case distinct.
        let value =
            serde_json::to_value(&resolved).unwrap_or_else(|_| serde_json::Value::String(format!("{resolved:?}")));
        text_hash(&canonical_json(&value), 12)
    }

    /// The judge, when a model must be asked.
    #[must_use]
    pub const fn judge(&self) -> Option<&JudgeSpec> {
        match self {
            Self::Judge(judge) => Some(judge),
            _ => None,
        }
    }

    /// Replaces file names (a judge's `template` that ends in `.toml`, a schema's `schema_file`, the `module_file` of code)
    /// by their contents, so that the version covers them. `read` gets the name as written; it gives a `.wasm` file in
    /// base64.
    ///
    /// # Errors
    /// When a file cannot be read or does not hold what it should.
    pub fn resolve_files(&mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), SpecError> {
        match self {
            Self::Judge(judge) => judge.resolve_file(read),
            Self::JsonSchema(schema) => schema.resolve_file(read),
            Self::CodeExec(code) => code.resolve_file(read),
            _ => Ok(()),
        }
    }
}

/// A compiled scorer: cheap to run, safe to share.
pub struct Scorer {
    version: String,
    work: Work,
}

enum Work {
    Check(Box<dyn Check>),
    Judge(Box<JudgeSpec>),
    Embedding(Box<EmbeddingSpec>),
    Webhook(Box<WebhookSpec>),
}

/// Who has to be asked for a grade that is not made on the spot.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// A model.
    Judge(&'a JudgeSpec),
    /// An embeddings deployment.
    Embedding(&'a EmbeddingSpec),
    /// A program over HTTP.
    Webhook(&'a WebhookSpec),
    /// Nobody: [`Scorer::run`] does it, but it may take a second.
    Heavy,
}

impl From<Box<dyn Check>> for Work {
    fn from(check: Box<dyn Check>) -> Self {
        Self::Check(check)
    }
}

impl From<JudgeSpec> for Work {
    fn from(judge: JudgeSpec) -> Self {
        Self::Judge(Box::new(judge))
    }
}

impl From<EmbeddingSpec> for Work {
    fn from(embedding: EmbeddingSpec) -> Self {
        Self::Embedding(Box::new(embedding))
    }
}

impl From<WebhookSpec> for Work {
    fn from(webhook: WebhookSpec) -> Self {
        Self::Webhook(Box::new(webhook))
    }
}

impl std::fmt::Debug for Scorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scorer").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Compiles a definition.
///
/// # Errors
/// When it is not usable; the message names the key.
pub fn compile(spec: &ScorerSpec) -> Result<Scorer, SpecError> {
    let work = work(spec)?;
    Ok(Scorer { version: spec.version(), work })
}

impl Scorer {
    /// The version of the definition it was compiled from.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The judge with its template filled in, when a model must be asked.
    #[must_use]
    pub fn judge(&self) -> Option<&JudgeSpec> {
        match &self.work {
            Work::Judge(judge) => Some(judge),
            _ => None,
        }
    }

    /// Who has to be asked; `None` for what [`Self::run`] grades on the spot.
    #[must_use]
    pub fn asked(&self) -> Option<Asked<'_>> {
        match &self.work {
            Work::Check(check) => check.is_heavy().then_some(Asked::Heavy),
            Work::Judge(judge) => Some(Asked::Judge(judge)),
            Work::Embedding(embedding) => Some(Asked::Embedding(embedding)),
            Work::Webhook(webhook) => Some(Asked::Webhook(webhook)),
        }
    }

    /// Whether it looks at what was asked. One that does not may be run on an exchange without messages.
    #[must_use]
    pub fn reads_prompt(&self) -> bool {
        match &self.work {
            Work::Check(check) => check.reads_prompt(),
            Work::Judge(_) | Work::Embedding(_) | Work::Webhook(_) => true,
        }
    }

    /// Why this exchange cannot be scored at all, before anything is run or paid for.
    #[must_use]
    pub fn precheck(&self, exchange: &Exchange<'_>) -> Option<Outcome> {
        match &self.work {
            Work::Judge(judge) => {
                if let Some(missing) = judge.missing(exchange) {
                    let why = format!("the judge needs `{missing}` and the item has none");
                    return Some(Outcome::unscored(Unscored::NoReference, why));
                }
                // Tool calls are a response to a judge, which is shown them.
                if exchange.answer.tool_calls.is_empty() { no_response(exchange) } else { None }
            }
            Work::Embedding(_) if exchange.expected().is_none() => Some(Outcome::no_reference()),
            Work::Embedding(_) => no_response(exchange),
            Work::Webhook(_) => None,
            Work::Check(check) => match check.reads() {
                Reads::Run => None,
                Reads::Response => no_response(exchange),
                // An empty text is a text like any other, unless the model meant to say nothing.
                Reads::Text if exchange.answer.refusal.is_some() || !exchange.answer.tool_calls.is_empty() => {
                    no_response(exchange)
                }
                Reads::Text => None,
            },
        }
    }

    /// Grades one answer. Never blocks on anything outside, never panics. What is [`Self::asked`] of somebody else cannot be run
    /// here: a judge is asked with [`crate::judge`], the others with [`crate::asked`].
    #[must_use]
    pub fn run(&self, exchange: &Exchange<'_>) -> Outcome {
        if let Some(outcome) = self.precheck(exchange) {
            return outcome;
        }
        match &self.work {
            Work::Check(check) => check.check(exchange),
            Work::Judge(_) | Work::Embedding(_) | Work::Webhook(_) => {
                Outcome::unscored(Unscored::ScoringFailed, "this scorer is asked over the network, not run in process")
            }
        }
    }
}

fn no_response(exchange: &Exchange<'_>) -> Option<Outcome> {
    exchange.answer.text.trim().is_empty().then(|| {
        let why = match &exchange.answer.refusal {
            Some(_) => "the model refused and gave no text",
            None if !exchange.answer.tool_calls.is_empty() => "the answer is only tool calls",
            None => "the answer has no text",
        };
        Outcome::unscored(Unscored::NoResponse, why)
    })
}
