// The JSON of /api/v1 as the dashboard reads it. Shapes only; `client.ts` maps paths to them.
// A schema generated from openapi.json can replace this file: keep the names.

/** A figure that was measured: its bounds and how many scores stand behind it. */
export interface Figure {
  value: number;
  lower: number;
  upper: number;
  n: number;
}
export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type WorkloadState = "healthy" | "canary" | "below_floor" | "no_data";
export interface WorkloadRow {
  id: string;
  strategy: string;
  quality: Figure | null;
  floor: number | null;
  cost_per_1k_usd: number | null;
  /** Share saved or lost against the best model only; negative is a saving. */
  vs_best: number | null;
  p95_ms: number | null;
  requests: number;
  state: WorkloadState;
}
export type EventKind = "promoted" | "rolled_back" | "advanced" | "started" | "held" | "revised" | "expired" | "superseded" | "resumed";
export interface ControlEvent {
  at: string;
  kind: EventKind;
  workload: string;
  text: string;
  canary: string | null;
  revision: string | null;
}
export interface Attention {
  kind: string;
  workload?: string | null;
  text: string;
  href: string;
}
export interface ProviderRow {
  provider: string;
  deployments: number;
  success_share: number | null;
  p50_ms: number | null;
  requests: number;
}
export interface Overview {
  checklist: { provider: boolean; request: boolean; dataset: boolean };
  totals: {
    requests_24h: number;
    workloads: number;
    revision_latest: string | null;
    revision_age_s: number | null;
  };
  quality: Figure | null;
  cost_usd_24h: number | null;
  cost_best_usd_24h: number | null;
  p95_ms: number | null;
  fallback_share: number | null;
  sparks: Record<"quality" | "cost" | "p95" | "fallback", (number | null)[]>;
  attention: Attention[];
  workloads: WorkloadRow[];
  events: ControlEvent[];
  providers: ProviderRow[];
}

export interface Candidate {
  deployment: string;
  admitted: boolean;
  stable: boolean;
  share: number;
  requests: number;
  quality: Figure | null;
  cost_per_1k_usd: number | null;
  p50_ms: number | null;
  p95_ms: number | null;
}
export interface Stage {
  stage: string;
  weights?: Record<string, number>;
}
export type Author = { kind: "config" } | { kind: "canary"; id: string } | { kind: "operator"; name: string };
export interface Revision {
  revision: string;
  parent: string | null;
  workload: string;
  stages: (Stage | string)[];
  admitted: string[];
  author: Author;
  reason: string;
  at: string;
}
export interface Workload extends WorkloadRow {
  candidates: Candidate[];
  policy: Revision;
  sentence: string;
  scorers: string[];
  canary: string | null;
  router: { quality: Figure | null; cost_per_1k_usd: number | null };
}
export interface WindowRow {
  deployment: string;
  scorer: string;
  version: string;
  quality: boolean;
  mean: number;
  lower: number;
  upper: number;
  n: number;
  n_eff: number;
  unscored: number;
  updated_at: string;
}
export interface Windows {
  workload: string;
  segment: string;
  score_seq: number;
  items: WindowRow[];
}
export interface DeploymentSeries {
  deployment: string;
  requests: number[];
  quality: (number | null)[];
  quality_n: number[];
  cost_usd: (number | null)[];
  p95_ms: (number | null)[];
}
export interface Series {
  start: string;
  step_s: number;
  deployments: DeploymentSeries[];
  events: { at: string; label: string }[];
}

export interface Deployment {
  id: string;
  provider: string;
  model: string;
  dialect: string;
  price: { input_usd: number; output_usd: number; cached_input_usd: number | null; version: string } | null;
  capabilities: { tools: boolean; vision: boolean; json_schema: boolean; context_tokens: number };
  health: { state: "up" | "open" | "probing"; in_flight: number; latency_ms: number | null; failures: number };
  requests_1h: number;
  error_share_1h: number | null;
}

export type SpanStatus = "ok" | "cancelled" | "failed";
export type Arm = "candidate" | "control";
export interface TraceRow {
  span_id: string;
  trace_id: string;
  workload: string;
  deployment: string | null;
  strategy: string | null;
  revision: string | null;
  status: SpanStatus;
  code: string | null;
  origin: string;
  stream: boolean;
  started_at: string;
  latency_ms: number;
  ttft_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
  attempts: number;
  arm: Arm | null;
  canary: string | null;
  score: number | null;
}
export interface Attempt {
  deployment: string;
  started_us: number;
  latency_us: number;
  status: number | null;
  error: string | null;
  /** Nano-dollars. */
  cost: number | null;
}
export type CandidateVerdict =
  "chosen" | "fallback" | "not_admitted" | "not_capable" | "unhealthy" | "below_floor" | "unproven" | "other_arm";
export interface CandidateRecord {
  deployment: string;
  verdict: CandidateVerdict;
  quality: { mean: number; lower: number; upper: number; n: number } | null;
  /** Nano-dollars. */
  expected_cost: number | null;
  in_flight: number;
  latency_ms: number | null;
}
export interface Decision {
  workload: string;
  segment: string;
  strategy: string;
  revision: string;
  snapshot_seq: number;
  score_seq: number;
  candidates: CandidateRecord[];
  chain: string[];
  propensity: number;
  exposure: { canary: string; arm: Arm; unit: number } | null;
  features: {
    input_tokens: number;
    max_output_tokens: number | null;
    stream: boolean;
    tools: boolean;
    vision: boolean;
    json_schema: boolean;
  };
}
export interface ScoreRow {
  scorer: string;
  version: string;
  status: "scored" | "unscored";
  value: number | null;
  reason: string | null;
  source: string;
  explanation: string | null;
  at: string;
  cost_usd: number | null;
}
export interface Trace extends Omit<TraceRow, "attempts"> {
  model_asked: string;
  session: string | null;
  tenant: string;
  finish_reason: string | null;
  /** What went wrong, of a failed request. */
  error?: string | null;
  tags: unknown;
  decision: Decision | null;
  attempts: Attempt[];
  usage: { input: number; output: number; cached_input?: number; reasoning?: number; estimated?: boolean };
  scores: ScoreRow[];
  request: string;
  response: string;
  truncated: boolean;
}
export interface Explained {
  span_id: string;
  decision: Decision;
  sentences: string[];
}

export type CanaryState = "running" | "held" | "promoted" | "rolled_back" | "expired" | "superseded";
export interface Evidence {
  pairs: number;
  step_pairs: number;
  candidate_mean: number;
  control_mean: number;
  delta: number;
  lower: number;
  upper: number;
  log_e_promote: number;
  promote_at: number;
  log_e_rollback: number;
  rollback_at: number;
  missing_candidate: number;
  missing_control: number;
}
export interface Canary {
  id: string;
  workload: string;
  candidate: string;
  control: string;
  scorer: string;
  base: string;
  state: CanaryState;
  step: number;
  steps: number[];
  share: number;
  margin: number;
  verdict: string;
  evidence: Evidence;
  eta_pairs: number | null;
  created_at: string;
  changed_at: string;
  reason: string;
}
export interface CanaryEvent {
  canary?: string;
  at: string;
  actor: string;
  state: CanaryState;
  step: number;
  reason: string;
  evidence: Evidence;
}
export interface CanaryPoint {
  at: string;
  pairs: number;
  delta: number;
  lower: number;
  upper: number;
  step: number;
}
export interface CanaryDetail extends Canary {
  events: CanaryEvent[];
  series: CanaryPoint[];
}
export interface NewCanary {
  workload: string;
  candidate: string;
  steps: number[];
  margin: number;
}
export type CanaryAct = "pause" | "resume" | "promote" | "roll_back";

export interface DatasetRow {
  id: string;
  name: string;
  workload: string | null;
  description: string | null;
  items: number;
  version: string;
  created_at: string;
}
export type DatasetItem = Record<string, unknown>;
export interface Dataset extends DatasetRow {
  versions: { id: string; items: number; created_at: string; note: string | null }[];
  sample: DatasetItem[];
}
export interface Preview {
  format: string;
  columns: string[];
  mapping: Record<string, string>;
  rows: { line: number; item: DatasetItem | null; error: string | null }[];
  items: number;
  bad: { line: number; message: string }[];
}
export interface Imported {
  name: string;
  version: string;
  items: number;
  added: number;
  duplicate: number;
  skipped: { line: number; message: string }[];
}
export type LiveTopic = "traces" | "events";
