// Names for the shapes of /api/v1. What they hold is generated from the OpenAPI document: see `npm run schema`.
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A figure that was measured: its bounds and how many scores stand behind it. */
export type Figure = Schemas["Figure"];
/** A list, and where its next page begins. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type Overview = Schemas["Overview"];
export type Attention = Schemas["Attention"];
export type ProviderRow = Schemas["ProviderView"];
export type ControlEvent = Schemas["EventView"];
export type EventKind = ControlEvent["kind"];

export type WorkloadRow = Schemas["WorkloadRow"];
export type WorkloadState = Schemas["WorkloadState"];
export type Workload = Schemas["WorkloadDetail"];
export type Candidate = Schemas["Candidate"];
export type Stage = Schemas["StageView"];
export type Author = Schemas["AuthorView"];
export type Revision = Schemas["Revision"];
export type WindowRow = Schemas["WindowView"];
export type Windows = Schemas["WindowList"];
export type DeploymentSeries = Schemas["DeploymentSeries"];
export type Series = Schemas["SeriesView"];

export type PolicyDiff = Schemas["DiffView"];
export type DiffReplay = Schemas["DiffReplay"];
export type PolicyReplay = Schemas["PolicyReplay"];

export type Deployment = Schemas["DeploymentView"];
export type ProviderOffer = Schemas["ProviderOffer"];
export type DeploymentTested = Schemas["TestView"];

export type SystemState = Schemas["SystemView"];
export type ConfigRow = Schemas["ConfigRow"];
export type AuditLog = Schemas["AuditLog"];
export type JobList = Schemas["JobList"];

export type TraceRow = Schemas["TraceRow"];
export type Trace = Schemas["TraceDetail"];
export type SpanStatus = TraceRow["status"];
export type Arm = Schemas["ArmWord"];
export type Attempt = Schemas["AttemptView"];
export type Decision = Schemas["DecisionView"];
export type CandidateRecord = Schemas["CandidateView"];
export type CandidateVerdict = Schemas["VerdictWord"];
export type ScoreRow = Schemas["ScoreView"];
export type Explained = Schemas["Explained"];
export type ReplayedDecision = Schemas["ReplayedDecision"];

export type TraceFacets = Schemas["TraceFacets"];

export type CostSeries = Schemas["CostSeries"];
export type CostTable = Schemas["CostTable"];
export type CostRow = Schemas["CostRow"];

export type Canary = Schemas["CanaryView"];
export type CanaryState = Canary["state"];
export type CanaryDetail = Schemas["CanaryDetail"];
export type CanaryEvent = Schemas["CanaryEventView"];
export type CanaryPoint = Schemas["CanaryPoint"];
export type Evidence = Schemas["EvidenceView"];
export type NewCanary = Schemas["NewCanary"];
export type DiffOrder = Schemas["DiffOrder"];
export type CanaryPairs = Schemas["CanaryPairs"];
export type PairView = Schemas["PairView"];
export type CanaryShare = Schemas["CanaryShare"];
export type GuardReading = Schemas["GuardView"];
export type Stratum = Schemas["StratumView"];
export type HoldCause = NonNullable<Canary["held"]>;
export type Freeze = Schemas["FreezeView"];
export type CanaryAct = "pause" | "resume" | "promote" | "roll_back" | "approve" | "reject";

export type DatasetRow = Schemas["DatasetView"];
export type Dataset = Schemas["DatasetDetail"];
export type DatasetItem = Record<string, unknown>;
export type ItemPage = Schemas["ItemPage"];
export type ItemView = Schemas["ItemView"];
export type VersionDiff = Schemas["VersionDiff"];
export type Checked = Schemas["Checked"];
export type Preview = Schemas["Preview"];
export type Added = Schemas["Added"];
export type Imported = Schemas["Imported"];

export type RunRow = Schemas["RunView"];
export type Run = Schemas["RunDetail"];
export type RunItem = Schemas["RunItemView"];
export type RunComparison = Schemas["RunComparison"];

export type ScorerSums = Schemas["ScorerView"];
export type LabelTask = Schemas["TaskView"];
export type Label = Schemas["LabelView"];
export type LabelPlan = Schemas["PlanView"];
export type Calibration = Schemas["CalibrationView"];
export type Anchors = Schemas["AnchorsView"];
export type CalibrationBin = Schemas["BinView"];
export type Tried = Schemas["TryView"];
export type TriedItem = Schemas["TriedView"];
export type JudgeTemplate = Schemas["TemplateView"];

export type LiveTopic = "traces" | "events" | "runs" | "canaries";
