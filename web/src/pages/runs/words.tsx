import type { RunRow } from "../../api/types";
import { count, percent } from "../../lib/format";
import { Pill, type Tone } from "../../ui/Pill";

const VERDICTS: Record<string, [Tone, string, string]> = {
  pass: ["ok", "✓", "passed"],
  fail: ["bad", "✕", "failed"],
  inconclusive: ["warn", "…", "inconclusive"],
  instrument: ["warn", "!", "cannot be judged"],
  ungated: ["plain", "○", "not gated"],
};
const STATUSES: Record<string, [Tone, string, string]> = {
  queued: ["plain", "○", "Queued"],
  running: ["ok", "◐", "Running"],
  cancelling: ["warn", "◐", "Cancelling"],
  done: ["plain", "●", "Done"],
  stopped: ["warn", "!", "Stopped"],
  cancelled: ["plain", "○", "Cancelled"],
  failed: ["bad", "✕", "Failed"],
};

/** A gate's word, or a whole run's. */
export function Verdict({ word }: { word: string }) {
  const [tone, glyph, says] = VERDICTS[word] ?? ["plain", "●", word];
  return (
    <Pill tone={tone} glyph={glyph}>
      {says}
    </Pill>
  );
}

/** How far a run is; over, what it came to. */
export function RunState({ run }: { run: RunRow }) {
  if (run.status === "done" && run.verdict) return <Verdict word={run.verdict} />;
  const [tone, glyph, says] = STATUSES[run.status] ?? ["plain", "●", run.status];
  const going = run.status === "running" || run.status === "cancelling";
  return (
    <Pill tone={tone} glyph={glyph} title={run.message || undefined}>
      {says}
      {going && run.total > 0 ? ` ${percent(run.asked / run.total, 0)}` : ""}
    </Pill>
  );
}

export function isOver(status: string): boolean {
  return !["queued", "running", "cancelling"].includes(status);
}

/** `120 of 200 answers, 3 without one`. */
export function progress(run: RunRow): string {
  const errors = run.errors > 0 ? `, ${count(run.errors)} without one` : "";
  return `${count(run.asked)} of ${count(run.total)} answers${errors}`;
}
