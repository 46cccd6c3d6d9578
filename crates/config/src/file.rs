//! `weir.toml` as a person writes it. Comments here are the descriptions in `weir config schema`.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_core::{deployment, policy::FailureClass};

use crate::{canary::Canary, hook};

/// The whole file. Every section may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "weir.toml")]
pub(crate) struct File {
    /// How weir listens and where it keeps its data. Read once, at start.
    pub(crate) server: Server,
    /// Where traces and logs go. Read once, at start.
    pub(crate) telemetry: Telemetry,
    /// What weir may connect to. Read once, at start.
    pub(crate) egress: Egress,
    /// Callers, by name. Without any, weir is open and listens on loopback only.
    pub(crate) keys: IndexMap<String, Key>,
    /// Endpoints of models, by name. `sim/large`, `sim/medium` and `sim/small` are built in.
    pub(crate) deployments: IndexMap<String, Deployment>,
    /// Kinds of traffic, by name.
    pub(crate) workloads: IndexMap<String, Workload>,
    /// Checks and judges, by name.
    pub(crate) scorers: IndexMap<String, Scorer>,
    /// Rules of online scoring beside the workloads' own `scorers`, by name.
    pub(crate) rules: IndexMap<String, crate::rules::Written>,
    /// What canaries are run with unless a request says otherwise.
    pub(crate) canary: Canary,
    /// What holds for the policies of all workloads.
    pub(crate) policy: hook::Written,
    /// Suites, by name: a dataset and its scorers, run together.
    pub(crate) suites: IndexMap<String, Suite>,
    /// Datasets, by name, imported at start when their content is new.
    pub(crate) datasets: IndexMap<String, Dataset>,
}

/// How weir listens and where it keeps its data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    /// Address and port. Beyond loopback only when a key is configured.
    pub(crate) bind: String,
    /// Folder of the database and the spool, relative to the file's folder.
    pub(crate) data_dir: String,
    /// Largest request body, in bytes.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub(crate) max_body_bytes: u64,
    /// Most connections at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_connections: u64,
    /// Scores that one key may post a second; five times as many at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) scores_per_s: u32,
    /// How long stored responses can be fetched and gone on from: `30d`, `24h`, …
    pub(crate) responses_kept: String,
    /// How much of one key's responses is stored, in megabytes; the oldest go first.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) responses_max_mb: u64,
    /// How long open requests may finish after a stop signal, in milliseconds.
    #[schemars(range(min = 0, max = 3_600_000))]
    pub(crate) drain_ms: u64,
    /// Memory that weir may use, in megabytes: from 85 % of it on new requests are refused with 503. The limit of its
    /// control group when left out; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 100_000_000))]
    pub(crate) max_memory_mb: Option<u64>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            data_dir: "weir-data".into(),
            max_body_bytes: 20_000_000,
            max_connections: 10_000,
            scores_per_s: 200,
            responses_kept: "30d".into(),
            responses_max_mb: 256,
            drain_ms: 25_000,
            max_memory_mb: None,
        }
    }
}

/// Where traces and logs go.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// Base of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`; `/v1/traces` is appended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Log filter: `info`, `debug`, `warn,weir_gateway=trace`, …
    pub(crate) log: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: None, log: "info".into() }
    }
}

/// What weir may connect to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Egress {
    /// Let every deployment be at a loopback, private or link-local address.
    pub(crate) allow_private: bool,
}

/// One caller.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// Where the secret is: `env:NAME` or `file:PATH`.
    pub(crate) secret: String,
    /// What it opens: `caller` the data plane, `admin` the control plane too.
    #[serde(default)]
    pub(crate) grant: Grant,
    /// Workloads it may use; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workloads: Option<Vec<String>>,
    /// Presets it may choose for one call with `x-weir-policy`; none when left out, and all with `grant = "admin"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<Preset>,
    /// Most that its requests may cost in 24 hours, in dollars; without limit when left out. A request that is expected to
    /// cost more than what is left is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_usd_per_day: Option<f64>,
}

/// What a key opens.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grant {
    /// The data plane.
    #[default]
    Caller,
    /// The control plane too.
    Admin,
}

/// One credentialed endpoint of one model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployment {
    /// Who runs it: `openai`, `anthropic`, `gemini`, …, any other name, or `sim` for the built-in fake.
    pub(crate) provider: String,
    /// Root of its API; has a default for providers that weir knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<String>,
    /// What it speaks; has a default for providers that weir knows, and is OpenAI chat for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<Dialect>,
    /// The provider's name for the model.
    pub(crate) model: String,
    /// Where the provider's key is: `env:NAME` or `file:PATH`; or whose credentials are presented: `aws:default`,
    /// `aws:profile=NAME`, `google:adc`, `google:file=PATH`, `azure:default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<String>,
    /// Prices per million tokens; from the built-in catalog when left out, unknown when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Price>,
    /// What it can do; requests that need more are not sent to it.
    #[serde(default)]
    pub(crate) capabilities: Capabilities,
    /// Let it be at a loopback, private or link-local address.
    #[serde(default)]
    pub(crate) allow_private: bool,
    /// Where further keys of the provider are. All are used in turn; one that is refused for rate rests, one that is
    /// rejected is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) more_api_keys: Vec<String>,
    /// Ask the provider which models it has, at the start and every minute, and let requests name each as
    /// `<deployment>/<model>`. No workload takes any of them unless it names a deployment that the file has.
    #[serde(default)]
    pub(crate) discover: bool,
    /// Most requests at once; no bound when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) concurrency: Option<u32>,
    /// Most requests that wait for a place among these.
    #[serde(default = "queue")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) queue: u32,
    /// Longest that they wait, in milliseconds, before another deployment is asked.
    #[serde(default = "queue_ms")]
    #[schemars(range(min = 0, max = 600_000))]
    pub(crate) queue_ms: u64,
}

const fn queue() -> u32 {
    100
}

const fn queue_ms() -> u64 {
    1_000
}

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// OpenAI chat completions.
    #[default]
    OpenaiChat,
    /// OpenAI responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini's generateContent.
    Gemini,
    /// Mistral's chat completions.
    Mistral,
    /// Cohere's chat, version 2.
    Cohere,
    /// Amazon Bedrock's Converse.
    Bedrock,
}

impl From<Dialect> for deployment::Dialect {
    fn from(written: Dialect) -> Self {
        match written {
            Dialect::OpenaiChat => Self::OpenaiChat,
            Dialect::OpenaiResponses => Self::OpenaiResponses,
            Dialect::Anthropic => Self::Anthropic,
            Dialect::Gemini => Self::Gemini,
            Dialect::Mistral => Self::Mistral,
            Dialect::Cohere => Self::Cohere,
            Dialect::Bedrock => Self::Bedrock,
        }
    }
}

impl From<deployment::Dialect> for Dialect {
    fn from(known: deployment::Dialect) -> Self {
        match known {
            deployment::Dialect::OpenaiChat => Self::OpenaiChat,
            deployment::Dialect::OpenaiResponses => Self::OpenaiResponses,
            deployment::Dialect::Anthropic => Self::Anthropic,
            deployment::Dialect::Gemini => Self::Gemini,
            deployment::Dialect::Mistral => Self::Mistral,
            deployment::Dialect::Cohere => Self::Cohere,
            deployment::Dialect::Bedrock => Self::Bedrock,
        }
    }
}

/// Dollars per million tokens.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    /// Prompt tokens.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input_usd: f64,
    /// Completion tokens, reasoning included.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output_usd: f64,
    /// Prompt tokens read from the provider's cache; as `input_usd` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cached_input_usd: Option<f64>,
    /// Prompt tokens written to the provider's cache; as `input_usd` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write_usd: Option<f64>,
    /// Prompt tokens written to it for an hour; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write_hour_usd: Option<f64>,
    /// Reasoning tokens; as `output_usd` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) reasoning_usd: Option<f64>,
    /// What requests with long prompts cost instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) long: Option<LongPrice>,
    /// Prompt tokens of sound; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) audio_input_usd: Option<f64>,
    /// Completion tokens of sound; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) audio_output_usd: Option<f64>,
    /// Prompt tokens of images; as `input_usd` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) image_input_usd: Option<f64>,
    /// Completion tokens of images; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) image_output_usd: Option<f64>,
    /// Multiple of all prices of calls that the provider serves in a batch; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) batch: Option<f64>,
    /// The same of those it serves slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) flex: Option<f64>,
    /// The same of those it serves faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) priority: Option<f64>,
}

/// Dollars per million tokens of requests with long prompts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LongPrice {
    /// Prompts of more tokens than this.
    pub(crate) over_tokens: u64,
    /// Prompt tokens.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input_usd: f64,
    /// Prompt tokens read from the provider's cache; as `input_usd` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cached_input_usd: Option<f64>,
    /// Completion tokens, reasoning included.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output_usd: f64,
}

/// What a deployment can do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Capabilities {
    /// Function calling.
    pub(crate) tools: bool,
    /// Image input.
    pub(crate) vision: bool,
    /// Output bound to a JSON schema.
    pub(crate) json_schema: bool,
    /// Largest prompt plus answer, in tokens.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(crate) context_tokens: u64,
    /// Where it runs, for rules of residency, such as `eu`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) region: String,
}

impl Default for Capabilities {
    fn default() -> Self {
        let core = weir_core::deployment::Capabilities::default();
        Self {
            tools: core.tools,
            vision: core.vision,
            json_schema: core.json_schema,
            context_tokens: core.context_tokens,
            region: core.region,
        }
    }
}

/// One kind of traffic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workload {
    /// Deployments it may choose from; the first one is stable until a canary replaces it.
    pub(crate) candidates: Vec<String>,
    /// Candidates that take ordinary traffic from the start, beside the first. When left out: all of them without a
    /// floor; only the first with one, and the others have to prove themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) admitted: Option<Vec<String>>,
    /// Least acceptable quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) floor: Option<f64>,
    /// Scorers that run on sampled answers.
    #[serde(default)]
    pub(crate) scorers: Vec<String>,
    /// The scorer that steers routing: the first of `scorers` when left out; `quality` when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quality: Option<String>,
    /// Scorers of which a canary's candidate may lose a point at most, beside the quality: a format, a tool that is called.
    /// Some of `scorers`, without `quality`. None when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) guards: Vec<String>,
    /// Share of answers to score.
    #[serde(default = "sample")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) sample: f64,
    /// Half-life of a score in its window: `24h`, `30m`, `90s`.
    #[serde(default = "half_life")]
    pub(crate) half_life: String,
    /// Golden probes: known prompts of the workload's datasets, asked of every candidate on schedule. None when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probes: Option<Probes>,
    /// A deployment that answers a share of the traffic again, unseen by callers. None when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<Shadow>,
    /// What tells prompts apart: `input_tokens`, `tools`, `hours`, `language`, `tenant`. Each combination has windows of its
    /// own, canaries compare within it, and a candidate can be kept out of it alone. At most 256 combinations. Nothing
    /// when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) segments: Vec<SegmentBy>,
    /// The keys that `tenant` in `segments` tells apart, by name, at most 32; all others are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tenants: Vec<String>,
    /// Whether cheaper routes are looked for: `off`, `propose` writes policy diffs, `auto` also starts their canaries.
    #[serde(default)]
    pub(crate) optimize: Optimize,
    /// Largest share of traffic in the candidate arm of a canary that `auto` starts.
    #[serde(default = "explore")]
    #[schemars(range(min = 0, max = 0.5))]
    pub(crate) explore: f64,
    /// Most dollars a day that trying may cost beyond ordinary traffic. No limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub(crate) explore_usd_per_day: Option<f64>,
    /// How to choose: stages in order, or the name of a preset.
    #[serde(default)]
    pub(crate) policy: Policy,
    /// Time limits of one request.
    #[serde(default)]
    pub(crate) deadlines: Deadlines,
    /// What becomes of fields that a deployment's dialect cannot express: `strict` refuses them, `lenient` drops and notes
    /// them.
    #[serde(default)]
    pub(crate) strictness: Strictness,
}

/// What tells prompts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SegmentBy {
    /// Estimated prompt tokens: below 2,000, 8,000, 32,000, or more.
    InputTokens,
    /// Whether tools are offered.
    Tools,
    /// Monday to Friday from 9 to 17 o'clock UTC, or not.
    Hours,
    /// The language of the caller's newest words, by its script or its small words: one of thirteen, or another.
    Language,
    /// Whose key it comes with: one of `tenants`, or another.
    Tenant,
}

/// What becomes of fields that a deployment's dialect cannot express.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strictness {
    /// Refused, with their names.
    #[default]
    Strict,
    /// Dropped and noted on the span.
    Lenient,
}

/// Whether cheaper routes are looked for.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Optimize {
    /// They are not.
    #[default]
    Off,
    /// Policy diffs are written for a person to apply.
    Propose,
    /// The canary of the best diff is started.
    Auto,
}

/// Known prompts asked on schedule.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Probes {
    /// Between two rounds: `15m`, `1h`. Four times as often while a deployment is under suspicion.
    pub(crate) every: String,
    /// Prompts of one round.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) items: u32,
    /// Most they may cost in 24 hours, in dollars; no round begins after that.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_usd_per_day: f64,
}

impl Default for Probes {
    fn default() -> Self {
        Self { every: "15m".into(), items: 4, max_usd_per_day: 1.0 }
    }
}

/// A deployment that answers again what another has answered, after the reply.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shadow {
    /// One of the workload's candidates.
    pub(crate) candidate: String,
    /// Share of answers that are asked again.
    #[serde(default = "share")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) share: f64,
    /// Most it may cost in 24 hours, in dollars; nothing is asked again after that.
    #[serde(default = "usd_per_day")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_usd_per_day: f64,
}

fn share() -> f64 {
    0.1
}

fn usd_per_day() -> f64 {
    1.0
}

fn sample() -> f64 {
    1.0
}

fn explore() -> f64 {
    0.05
}

fn half_life() -> String {
    "24h".into()
}

/// How a workload chooses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Policy {
    /// A common list of stages.
    Preset(Preset),
    /// Stages, in order.
    Stages(Vec<Stage>),
}

impl Default for Policy {
    fn default() -> Self {
        use StageName::{Canary, Cost, Filter, Floor, TieBreak};
        Self::Stages([Filter, Canary, Floor, Cost, TieBreak].map(Stage::Name).into())
    }
}

/// The common lists of stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Preset {
    /// The cheapest that is proven good enough.
    CostAware,
    /// The best.
    QualityAware,
    /// The fastest for such a request.
    LatencyAware,
    /// The one with the fewest requests in flight.
    LeastBusy,
    /// Each in turn.
    RoundRobin,
    /// The best balance of quality, cost and latency.
    Adaptive,
    /// The candidates in their order; the next when one fails.
    Failover,
    /// The two fastest at once.
    Race,
    /// The fastest, and the next too when it is late.
    Hedge,
    /// The cheapest, and the next when its answer is not good enough.
    Cascade,
    /// Hard prompts to the first candidate, easy ones to the others.
    Complexity,
    /// A session stays where it is.
    Affinity,
    /// Above the floor, the cheapest, in turn.
    QualityCostRoundRobin,
    /// A canary's share, and the fastest for the rest.
    CanaryLatency,
    /// A race for requests tagged `path = critical`, the fastest for the rest.
    RaceCritical,
}

impl Preset {
    /// Every preset.
    pub(crate) const ALL: [Self; 15] = [
        Self::CostAware,
        Self::QualityAware,
        Self::LatencyAware,
        Self::LeastBusy,
        Self::RoundRobin,
        Self::Adaptive,
        Self::Failover,
        Self::Race,
        Self::Hedge,
        Self::Cascade,
        Self::Complexity,
        Self::Affinity,
        Self::QualityCostRoundRobin,
        Self::CanaryLatency,
        Self::RaceCritical,
    ];

    /// The word used in the configuration.
    pub(crate) fn name(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }
}

/// One stage of a policy: its name, or a table when it takes parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Stage {
    /// A stage without parameters.
    Name(StageName),
    /// A stage with parameters.
    Table(Box<StageTable>),
}

/// A stage with parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageTable {
    /// Which.
    pub(crate) stage: StageName,
    /// Only for requests for which this CEL expression holds, over `request`, `metadata`, `headers`, `key`, `tags` and
    /// `budget`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<String>,
    /// For `weighted`: relative weights of candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weights: Option<IndexMap<String, f64>>,
    /// For `lock`: candidates to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployments: Option<Vec<String>>,
    /// For `lock`: providers to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) providers: Option<Vec<String>>,
    /// For `require`: a CEL expression that must hold, over what `when` reads and `candidate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// For `quality`: most that a request may be expected to cost; for `chain`: all its attempts together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_cost_usd: Option<f64>,
    /// For `quality`: longest that a request may be expected to take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) max_latency_ms: Option<f64>,
    /// For `latency`: how much slower than the fastest still gets traffic, 0.2 is 20 %. For `quality`: how much worse
    /// than the best counts as equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub(crate) band: Option<f64>,
    /// For `adaptive`: weight of quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) quality: Option<f64>,
    /// For `adaptive`: weight of expected cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) cost: Option<f64>,
    /// For `adaptive`: weight of latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) latency: Option<f64>,
    /// For `complexity`: from here on a prompt is hard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) threshold: Option<f64>,
    /// For `complexity`: candidates for hard prompts; the first one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hard: Option<Vec<String>>,
    /// For `explore`: share of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 0.5))]
    pub(crate) share: Option<f64>,
    /// For `explore`: most dollars that one explored request may be expected to cost more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_extra_usd: Option<f64>,
    /// For `explore`: most expected quality that one explored request may lose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) max_quality_loss: Option<f64>,
    /// For `race`: how many at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 4))]
    pub(crate) width: Option<u8>,
    /// For `hedge`: how late the first must be, in milliseconds; its 95th percentile when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) after_ms: Option<u64>,
    /// For `cascade`: a CEL expression over `answer` that holds for one that is good enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accept: Option<String>,
    /// For `chain`: failures after which the next deployment is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "failures")]
    pub(crate) on: Option<Vec<String>>,
    /// For `chain`: whom to ask after a failure of a class, in place of the order the policy found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<IndexMap<String, Vec<String>>>,
    /// For `chain`: whether a fallback may be expected to cost more than the first choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allow_dearer: Option<bool>,
    /// For `chain`: retries in place as a share of recent requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) retry_budget: Option<f64>,
    /// For `chain`: pieces of a stream held back before the first is relayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub(crate) commit_after: Option<u32>,
    /// For `chain`: whether a stream of chat chunks that breaks off goes on at the next deployment, which gets what was
    /// said as the beginning of its answer. For models that go on from there instead of answering anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) continue_streams: Option<bool>,
}

fn failures(_: &mut SchemaGenerator) -> Schema {
    let words = FailureClass::NAMED.map(FailureClass::name);
    json_schema!({"type": ["array", "null"], "items": {"type": "string", "enum": words}})
}

/// The stages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StageName {
    /// Drops candidates that cannot serve the request.
    Filter,
    /// Keeps some candidates.
    Lock,
    /// Keeps candidates for which a rule holds.
    Require,
    /// Sends a running canary its share.
    Canary,
    /// Drops candidates whose lower bound misses the floor.
    Floor,
    /// Cheapest first.
    Cost,
    /// Best first.
    Quality,
    /// Fastest first.
    Latency,
    /// A weighted draw.
    Weighted,
    /// The best balance of quality, cost and latency first.
    Adaptive,
    /// Fewest requests in flight first.
    LeastBusy,
    /// Hard prompts to some, easy ones to the others.
    Complexity,
    /// Settles equals by load.
    TieBreak,
    /// Settles equals in turn.
    RoundRobin,
    /// Settles equals by the session.
    Affinity,
    /// Goes elsewhere now and then, to learn.
    Explore,
    /// How the chain is walked.
    Chain,
    /// Several at once.
    Race,
    /// A second one when the first is late.
    Hedge,
    /// The next one when the answer is not good enough.
    Cascade,
}

/// Time limits of one request, in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Deadlines {
    /// TCP and TLS.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) connect_ms: u64,
    /// Request sent to first byte of the answer.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) first_byte_ms: u64,
    /// Between two chunks.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) idle_ms: u64,
    /// Whole request, all attempts together.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub(crate) total_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        let core = weir_core::workload::Deadlines::default();
        Self {
            connect_ms: core.connect_ms,
            first_byte_ms: core.first_byte_ms,
            idle_ms: core.idle_ms,
            total_ms: core.total_ms,
        }
    }
}

/// A check or a judge. The keys beside `kind` depend on it and are checked when scorers are built.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Scorer {
    /// `exact_match`, `judge`, …
    pub(crate) kind: String,
    /// What that kind takes.
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, Value>,
}

/// A dataset and its scorers, run together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suite {
    /// The suite's own file, relative to this file's folder.
    pub(crate) file: String,
}

/// Prompts with references.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dataset {
    /// JSON lines or CSV, relative to this file's folder.
    pub(crate) file: String,
    /// Whose prompts.
    pub(crate) workload: String,
}
