//! Every attribute name weir writes, spelled once. `gen_ai.*` follows the OpenTelemetry GenAI conventions;
//! `llm.cost.*` is OpenInference's, read by Phoenix; ours live under `weir.`.

/// `chat`, the operation.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Who serves the model.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model as the caller named it.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// Prompt tokens.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Completion tokens.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Prompt tokens read from the provider's cache.
pub const CACHED_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// The model as the provider names the one that answered.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// The provider's own mark of the configuration that answered.
pub const FINGERPRINT: &str = "openai.response.system_fingerprint";
/// Why the model stopped, a list.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// The caller's session.
pub const CONVERSATION: &str = "gen_ai.conversation.id";
/// The class of a failure.
pub const ERROR_TYPE: &str = "error.type";
/// Dollars, OpenInference.
pub const COST_TOTAL: &str = "llm.cost.total";

/// Who serves the model, the older name.
pub const SYSTEM: &str = "gen_ai.system";
/// What was asked, JSON.
pub const INPUT_MESSAGES: &str = "gen_ai.input.messages";
/// What was said, JSON.
pub const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
/// Instructions apart from the conversation, JSON.
pub const SYSTEM_INSTRUCTIONS: &str = "gen_ai.system_instructions";
/// Flattened prompt, the oldest form.
pub const FLAT_PROMPT: &str = "gen_ai.prompt";
/// Flattened answer, the oldest form.
pub const FLAT_COMPLETION: &str = "gen_ai.completion";
/// The program that sent a span.
pub const SERVICE: &str = "service.name";
/// OpenInference: `LLM`, `TOOL`, `EVALUATOR` and so on.
pub const OPENINFERENCE_KIND: &str = "openinference.span.kind";
/// OpenInference: the model.
pub const OPENINFERENCE_MODEL: &str = "llm.model_name";
/// OpenInference: who serves it.
pub const OPENINFERENCE_PROVIDER: &str = "llm.provider";
/// OpenInference: flattened conversation.
pub const OPENINFERENCE_INPUT: &str = "llm.input_messages";
/// OpenInference: flattened answer.
pub const OPENINFERENCE_OUTPUT: &str = "llm.output_messages";
/// OpenInference: prompt tokens.
pub const OPENINFERENCE_INPUT_TOKENS: &str = "llm.token_count.prompt";
/// OpenInference: completion tokens.
pub const OPENINFERENCE_OUTPUT_TOKENS: &str = "llm.token_count.completion";
/// OpenInference: the session.
pub const OPENINFERENCE_SESSION: &str = "session.id";
/// OpenInference: what went in, as text.
pub const INPUT_VALUE: &str = "input.value";
/// OpenInference: what came out, as text.
pub const OUTPUT_VALUE: &str = "output.value";
/// Langfuse: `generation`, `span` and so on.
pub const LANGFUSE_KIND: &str = "langfuse.observation.type";
/// Langfuse: the model.
pub const LANGFUSE_MODEL: &str = "langfuse.observation.model.name";
/// Langfuse: what went in, JSON.
pub const LANGFUSE_INPUT: &str = "langfuse.observation.input";
/// Langfuse: what came out, JSON.
pub const LANGFUSE_OUTPUT: &str = "langfuse.observation.output";

/// Event: a score.
pub const EVALUATION: &str = "gen_ai.evaluation.result";
/// The scorer.
pub const EVALUATION_NAME: &str = "gen_ai.evaluation.name";
/// The grade.
pub const EVALUATION_VALUE: &str = "gen_ai.evaluation.score.value";
/// The scorer's words.
pub const EVALUATION_EXPLANATION: &str = "gen_ai.evaluation.explanation";

/// weir's own 128-bit span id.
pub const SPAN: &str = "weir.span_id";
/// Whose traffic.
pub const WORKLOAD: &str = "weir.workload";
/// The part of its prompts.
pub const SEGMENT: &str = "weir.segment";
/// Who asked: `client`, `eval`, `probe`, `shadow` or `external`.
pub const ORIGIN: &str = "weir.origin";
/// The deployment that served.
pub const DEPLOYMENT: &str = "weir.deployment";
/// The stages walked.
pub const STRATEGY: &str = "weir.route.strategy";
/// The policy revision.
pub const REVISION: &str = "weir.route.revision";
/// Every candidate with its numbers, JSON.
pub const CANDIDATES: &str = "weir.route.candidates";
/// Probability of this route.
pub const PROPENSITY: &str = "weir.route.propensity";
/// Upstream calls made.
pub const ATTEMPTS: &str = "weir.route.attempt";
/// Why the first choice did not serve.
pub const FALLBACK_REASON: &str = "weir.fallback.reason";
/// JSON paths of the request that the deployment's dialect could not express, a list.
pub const DROPPED: &str = "weir.dropped";
/// Nano-dollars.
pub const COST_NANO: &str = "weir.cost.nano_usd";
/// Milliseconds to the first byte of the answer.
pub const TTFT_MS: &str = "weir.ttft_ms";
/// HTTP status of an upstream call.
pub const STATUS_CODE: &str = "http.response.status_code";
