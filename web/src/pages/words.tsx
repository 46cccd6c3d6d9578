// How states and kinds are said, in one place, so that every page says them alike.
import type { ReactNode } from "react";
import type { CanaryState, EventKind, SpanStatus, WorkloadState } from "../api/types";
import { Pill, type Tone } from "../ui/Pill";

const WORKLOAD: Record<WorkloadState, [Tone, string, string]> = {
  healthy: ["ok", "✓", "Healthy"],
  canary: ["warn", "◐", "Canary"],
  below_floor: ["bad", "✕", "Below floor"],
  unproven: ["plain", "○", "No scores yet"],
  no_data: ["plain", "○", "No traffic yet"],
};
const CANARY: Record<CanaryState, [Tone, string, string]> = {
  awaiting_approval: ["warn", "!", "Awaits approval"],
  shadow: ["plain", "◌", "Shadow"],
  running: ["ok", "◐", "Progressing"],
  held: ["warn", "!", "Held"],
  verifying: ["ok", "◕", "Verifying"],
  promoted: ["ok", "✓", "Promoted"],
  rolled_back: ["bad", "✕", "Rolled back"],
  expired: ["plain", "○", "Expired"],
  superseded: ["plain", "○", "Superseded"],
  aborted: ["plain", "○", "Aborted"],
  rejected: ["bad", "✕", "Rejected"],
};
const EVENT: Record<EventKind, [Tone, string, string]> = {
  started: ["plain", "●", "Started"],
  advanced: ["plain", "▲", "Advanced"],
  verifying: ["ok", "◕", "Verifying"],
  held: ["warn", "!", "Held"],
  resumed: ["plain", "●", "Resumed"],
  scoped_out: ["warn", "!", "Scoped out"],
  promoted: ["ok", "✓", "Promoted"],
  rolled_back: ["bad", "✕", "Rolled back"],
  expired: ["plain", "○", "Expired"],
  superseded: ["plain", "○", "Superseded"],
  aborted: ["plain", "○", "Aborted"],
  rejected: ["bad", "✕", "Rejected"],
  revised: ["plain", "●", "Revised"],
  drifted: ["warn", "!", "Drift"],
  recovered: ["ok", "✓", "Recovered"],
  changed: ["warn", "!", "Model changed"],
  quarantined: ["bad", "✕", "Quarantined"],
  released: ["ok", "✓", "Released"],
};
const STATUS: Record<SpanStatus, [Tone, string, string]> = {
  ok: ["ok", "✓", "ok"],
  cancelled: ["warn", "!", "cancelled"],
  failed: ["bad", "✕", "failed"],
};

function say([tone, glyph, word]: [Tone, string, string], more: ReactNode = "") {
  return (
    <Pill tone={tone} glyph={glyph}>
      <span className="nowrap">{word}</span>
      {more}
    </Pill>
  );
}
const unknown = (word: string): [Tone, string, string] => ["plain", "●", word];

export const WorkloadPill = ({ state }: { state: WorkloadState }) => say(WORKLOAD[state] ?? unknown(state));
export const CanaryPill = ({ state, more = "" }: { state: CanaryState; more?: string }) => say(CANARY[state] ?? unknown(state), more);
export const EventPill = ({ kind }: { kind: EventKind }) => say(EVENT[kind] ?? unknown(kind));
/** `short` leaves the code out where there is no room for it. */
export function StatusPill({ status, code, short = false }: { status: SpanStatus; code: string | null; short?: boolean }) {
  return say(STATUS[status] ?? unknown(status), code ? <span className={short ? "wide" : undefined}> {code}</span> : "");
}
