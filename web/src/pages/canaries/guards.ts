// The guard table in words and figures. Each guard is a rate held against the rate that is allowed.
import type { CanaryDetail, Candidate, GuardReading } from "../../api/types";
import { change, count, difference, grade, ms, NONE, percent, usd } from "../../lib/format";
import { wilson } from "../../lib/bounds";
import type { Tone } from "../../ui/Pill";

export interface GuardRow {
  key: string;
  name: string;
  /** Said small beside the name. */
  note?: string;
  stable: string;
  candidate: string;
  difference: string;
  /** A band with the mark it is held against, on a scale of its own; `null` when there is none. */
  glyph: { value: number; lower: number; upper: number; domain: [number, number]; mark: number } | null;
  verdict: [Tone, string, string];
}

const NAMES: Record<string, [name: string, note: string]> = {
  errors: ["error rate", "against what the stable one does, and two points"],
  latency: ["slow answers", "over the stable one's 95th percentile"],
  first_byte: ["late first bytes", "over the stable one's 95th percentile"],
  units: ["even split", "candidate's part of the units"],
  missing: ["scores missing in one arm", "candidate's part of them"],
  scorer: ["scores missing in both arms", "is the scorer well?"],
};
/** Before the name of a scorer that guards. */
const CHECK = "check:";
const FINE: Tone = "ok";

/** The grade that decides. */
export function gradeRow({ evidence, margin, scorer }: Pick<CanaryDetail, "evidence" | "margin" | "scorer">): GuardRow {
  const known = evidence.pairs > 0;
  const widest = Math.max(Math.abs(evidence.lower), Math.abs(evidence.upper));
  const reach = Math.max(margin * 2, Math.abs(evidence.delta) * 1.2, Math.min(0.5, widest));
  return {
    key: "grade",
    name: scorer,
    note: "decides",
    stable: known ? grade(evidence.control_mean) : NONE,
    candidate: known ? grade(evidence.candidate_mean) : NONE,
    difference: known ? difference(evidence.delta) : NONE,
    glyph: known ? { value: evidence.delta, lower: evidence.lower, upper: evidence.upper, domain: [-reach, reach], mark: -margin } : null,
    verdict: !known
      ? ["plain", "○", "no pairs"]
      : evidence.lower > 0
        ? [FINE, "✓", "better"]
        : evidence.lower > -margin
          ? [FINE, "✓", "not worse"]
          : evidence.upper < -margin
            ? ["bad", "✕", "worse"]
            : ["warn", "…", "undecided"],
  };
}

/** What people's labels leave of the scorer's grades; asked once, where they prove enough to go on. */
export function peopleRow({ evidence: { judge_bias: bias }, margin }: Pick<CanaryDetail, "evidence" | "margin">): GuardRow {
  const row = { key: "people", name: "as people grade", stable: NONE, candidate: NONE, difference: NONE, glyph: null };
  if (bias === null) return { ...row, note: "100 labels of each arm, at the proof", verdict: ["plain", "○", "scorer's word alone"] };
  return {
    ...row,
    note: `scorer less people ${difference(bias.delta)}, ${count(bias.labels)} labels an arm`,
    difference: `≥ ${difference(bias.lower_by_people)}`,
    verdict: bias.lower_by_people > -margin ? [FINE, "✓", "not worse"] : ["warn", "!", "not proven"],
  };
}

/** One guard of the server's. */
export function guardRow(guard: GuardReading): GuardRow {
  const check = guard.name.startsWith(CHECK) ? guard.name.slice(CHECK.length) : null;
  const [name, note] = check ? [check, "may lose a point against the stable one"] : (NAMES[guard.name] ?? [guard.name, ""]);
  const verdict: GuardRow["verdict"] =
    guard.state === "rolls_back"
      ? ["bad", "✕", "rolls back"]
      : guard.state === "holds"
        ? ["warn", "!", "holds"]
        : guard.n === 0
          ? ["plain", "○", "nothing yet"]
          : !isEven(guard) && guard.bad > guard.allowed * guard.n
            ? ["warn", "…", "watched"]
            : [FINE, "✓", "fine"];
  if (guard.name === "cost") {
    return {
      key: "cost_guard",
      name: "extra cost",
      note: `budget ${percent(guard.allowed)} of a dear request`,
      stable: NONE,
      candidate: `${count(guard.n)} priced pairs`,
      difference: NONE,
      glyph: null,
      verdict,
    };
  }
  const rate = guard.n > 0 ? guard.bad / guard.n : null;
  const bounds = rate === null ? null : wilson(rate, guard.n);
  const top = Math.min(1, Math.max(guard.allowed * 2, (bounds?.upper ?? 0) * 1.1, 0.02));
  const even = isEven(guard);
  return {
    key: guard.name,
    name,
    note,
    stable: even ? count(guard.n - guard.bad) : `≤ ${percent(guard.allowed)}`,
    candidate: even ? count(guard.bad) : percent(rate),
    difference: even ? (guard.n === 0 ? NONE : signedCount(2 * guard.bad - guard.n)) : rate === null ? NONE : points(rate - guard.allowed),
    glyph: rate === null || bounds === null ? null : { value: rate, ...bounds, domain: even ? [0, 1] : [0, top], mark: guard.allowed },
    verdict,
  };
}

/** Guards that compare two counts which should be alike. */
const isEven = (guard: GuardReading) => guard.name === "units" || guard.name === "missing";
const signedCount = (n: number) => (n === 0 ? "0" : n > 0 ? `+${count(n)}` : count(n));
const points = (share: number) => `${difference(share * 100, 1)} pt`;

/** What a day of traffic says without a band: told as it is, never as proven. */
export function plainRows(control: Candidate | undefined, candidate: Candidate | undefined): GuardRow[] {
  const row = (
    key: string,
    name: string,
    say: (value: number | null | undefined) => string,
    a: number | null | undefined,
    b: number | null | undefined,
  ): GuardRow => {
    const by = a && b !== null && b !== undefined ? b / a - 1 : null;
    const verdict: GuardRow["verdict"] =
      by === null
        ? ["plain", "○", "unknown"]
        : by < -0.005
          ? [FINE, "✓", "lower"]
          : by > 0.005
            ? ["plain", "▲", "higher"]
            : ["plain", "=", "equal"];
    return {
      key,
      name,
      note: "24 h, no band",
      stable: say(a),
      candidate: say(b),
      difference: by === null ? NONE : change(by),
      glyph: null,
      verdict,
    };
  };
  return [
    row("p95", "p95 latency", ms, control?.p95_ms, candidate?.p95_ms),
    row("cost", "cost / 1 k", usd, control?.cost_per_1k_usd, candidate?.cost_per_1k_usd),
  ];
}
