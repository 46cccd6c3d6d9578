import { describe, expect, it } from "vitest";
import type { CanaryDetail, CanaryState, HoldCause } from "../../api/types";
import { ACTS, actsOf, moved, NAME_ABOVE, retreats } from "./acts";
import { axis } from "./axis";
import { funnel } from "./Funnel";
import { gradeRow, guardRow, peopleRow } from "./guards";
import { secondsLeft } from "./pace";
import { accepted, first, ready, request } from "./plan";
import { rungs } from "./rungs";
import { withCanary } from "./useCanaryEvents";
import { because, headline, rule } from "./verdict";

const evidence: CanaryDetail["evidence"] = {
  ...{ pairs: 100, step_pairs: 40, candidate_mean: 0.81, control_mean: 0.8, delta: 0.01, lower: -0.01, upper: 0.03 },
  ...{ log_e_promote: 0, promote_at: 4.6, log_e_rollback: 0, rollback_at: 3.7, log_e_harm: 0, hold_at: 3, log_e_floor: null },
  ...{ missing_candidate: 0, missing_control: 0, attempt: 1, alpha: 0.01, watermark: null, scorer_version: null },
  ...{ guards: [], strata: [], battles: null, judge_bias: null, histogram: "" },
};
const base: CanaryDetail = {
  ...{ id: "c1", etag: "3", workload: "support", candidate: "a/haiku", control: "b/gpt", scorer: "exact", base: "r-0001" },
  ...{ state: "running", held: null, scoped_out: [], proposer: "optimizer", frozen: false, risk_budget: 0.02, expected_loss: 0.001 },
  ...{ step: 1, steps: [0.05, 0.25, 0.5], share: 0.25, margin: 0.02, verdict: "", evidence, eta_pairs: 210 },
  ...{ created_at: "2026-01-01T00:00:00Z", changed_at: "2026-01-01T00:10:00Z", reason: "began", warnings: [] },
  plan: {
    ...{ shadow_pairs: 0, step_pairs: 100, min_pairs: 100, verify_pairs: 0, max_pairs: 5000, bake_ms: 0, min_duration_ms: 0 },
    ...{ horizon_ms: 0, score_timeout_ms: 0, hold_back: 0.05, floor: null, approval: false, four_eyes: false },
  },
  events: [],
  series: [],
};
const of = (more: object, ev: object = {}): CanaryDetail => ({ ...base, ...more, evidence: { ...evidence, ...ev } });
const STATES: CanaryState[] = [
  ...(["awaiting_approval", "shadow", "running", "held", "verifying", "promoted"] as const),
  ...(["rolled_back", "expired", "superseded", "aborted", "rejected"] as const),
];

describe("the verdict", () => {
  const words = (state: CanaryState, ev: object = {}, held: HoldCause | null = null) => headline(of({ state, held }, ev)).words;
  it("leans as the evidence does, and waits when there is none", () => {
    expect(words("running", { log_e_promote: 1.2 })).toBe("On course to promote");
    expect(words("running", { log_e_rollback: 1.2 })).toBe("On course to roll back");
    expect(words("running")).toBe("Undecided");
    expect(words("running", { pairs: 0 })).toBe("Waiting for the first pairs");
  });
  it("has words and a reason for every state and every hold", () => {
    for (const state of STATES) {
      expect(words(state).length).toBeGreaterThan(3);
      expect(because(of({ state }))).toMatch(/\.$/);
      expect(because(of({ state }))).not.toContain("..");
    }
    const holds: HoldCause[] = [
      "operator",
      "harm",
      "units",
      "missing",
      "latency",
      "first_byte",
      "scorer",
      "scorer_changed",
      "lease",
      "judge_bias",
    ];
    expect(new Set(holds.map((held) => words("held", {}, held))).size).toBe(holds.length);
    expect(words("held", {}, "harm")).toContain("Suspect");
  });
  it("names the two numbers that decide, and what it still takes", () => {
    expect(because(of({}))).toBe("Lower bound −0.010 is above the −0.020 margin; needs about 210 more pairs.");
    expect(because(of({}, { lower: -0.2, upper: -0.05 }))).toContain("Upper bound −0.050 is below the −0.020 margin");
    expect(because(of({}, { lower: -0.2, upper: 0.1 }))).toContain("The band from −0.200 to +0.100 still holds the −0.020 margin");
    expect(because(of({ eta_pairs: null }))).toContain("expires at 5\u202f000 pairs");
  });
  it("explains its bars", () => {
    expect(rule(base).join(" ")).toContain("0.0 of 4.6");
  });
});

describe("the pace", () => {
  it("is that of the newest points of the step", () => {
    const series = [0, 1, 2, 3].map((i) => ({
      at: new Date(i * 10_000).toISOString(),
      pairs: i * 20,
      delta: 0,
      lower: 0,
      upper: 0,
      step: 1,
    }));
    expect(secondsLeft(series, 210)).toBeCloseTo(105);
    expect(secondsLeft([], 210)).toBeNull();
    expect(secondsLeft(series, null)).toBeNull();
  });
});

describe("the axis of the difference", () => {
  const point = (delta: number, half: number, pairs = 50) => ({ at: "", pairs, delta, lower: delta - half, upper: delta + half, step: 0 });
  it("holds the margin, zero and every difference, however large", () => {
    const [low, high] = axis([point(-0.36, 0.6), point(-0.36, 0.6), point(-0.4, 0.3)], 0.05);
    expect(low).toBeLessThanOrEqual(-0.4);
    expect(high).toBeGreaterThanOrEqual(0.05);
  });
  it("is not stretched by bands of the first pairs", () => {
    const [low, high] = axis([point(0.9, 1, 1), ...Array.from({ length: 8 }, () => point(0.01, 0.05))], 0.03);
    expect(low).toBeGreaterThanOrEqual(-0.1);
    expect(high).toBeLessThanOrEqual(0.1);
  });
});

describe("the ladder", () => {
  const event = (state: CanaryState, step: number, pairs: number, at: string) => ({
    at,
    actor: "o",
    state,
    step,
    reason: "",
    evidence: { ...evidence, pairs },
  });
  const events = [event("running", 1, 60, "2026-01-01T00:10:00Z"), event("running", 0, 0, "2026-01-01T00:00:00Z")];
  const ladder = (more: object) => rungs(of({ events, ...more }), Date.parse("2026-01-01T00:11:00Z"));
  it("tells what each step took, where it stands and what is ahead", () => {
    const told = ladder({});
    expect(told.map((rung) => rung.state)).toEqual(["done", "now", "todo", "todo"]);
    expect(told[0]?.detail).toContain("60 pairs");
    expect(told[1]?.detail).toContain("40 of 100 pairs");
  });
  it("marks where a rolled back canary stopped, and the stable rung of a promoted one", () => {
    expect(ladder({ state: "rolled_back" }).map((rung) => rung.state)).toEqual(["done", "stopped", "todo", "todo"]);
    expect(ladder({ state: "promoted" }).at(-1)).toMatchObject({ title: "Stable", state: "done" });
  });
  it("has rungs for the shadow and for verifying when the plan has them", () => {
    const plan = { ...base.plan, shadow_pairs: 50, verify_pairs: 200 };
    const shadow = [event("shadow", 0, 0, "2026-01-01T00:00:00Z")];
    expect(ladder({ plan, state: "shadow", step: 0, events: shadow }).map((rung) => rung.state)).toEqual([
      "now",
      "todo",
      "todo",
      "todo",
      "todo",
      "todo",
    ]);
    const proven = [...events, event("verifying", 2, 400, "2026-01-01T00:20:00Z")];
    expect(ladder({ plan, state: "verifying", step: 2, events: proven }).map((rung) => rung.state)).toEqual([
      "done",
      "done",
      "done",
      "done",
      "now",
      "todo",
    ]);
    const waiting = [event("awaiting_approval", 0, 0, "2026-01-01T00:00:00Z")];
    expect(ladder({ plan, state: "awaiting_approval", step: 0, events: waiting }).every((rung) => rung.state === "todo")).toBe(true);
  });
});

describe("guards", () => {
  const guard = {
    name: "errors",
    bad: 3,
    n: 100,
    allowed: 0.05,
    log_e: 0,
    hold_at: null,
    rollback_at: 6.9,
    log_e_fine: null,
    promote_at: null,
    state: "fine" as const,
  };
  it("are a rate with its band beside the rate that is allowed", () => {
    const row = guardRow(guard);
    expect([row.name, row.verdict[2], row.difference]).toEqual(["error rate", "fine", "−2.0 pt"]);
    expect(row.glyph?.mark).toBe(0.05);
    expect(guardRow({ ...guard, state: "rolls_back" }).verdict[2]).toBe("rolls back");
    expect(guardRow({ ...guard, n: 0, bad: 0 }).verdict[2]).toBe("nothing yet");
  });
  it("name a scorer that guards", () => {
    const row = guardRow({ ...guard, name: "check:valid_json", allowed: 0.01, bad: 0 });
    expect([row.name, row.note]).toEqual(["valid_json", "may lose a point against the stable one"]);
  });
  it("say what people's labels leave of the scorer's grades", () => {
    expect(peopleRow(base).verdict[2]).toBe("scorer's word alone");
    const bias = { delta: 0.02, lower: 0.01, upper: 0.03, labels: 150, lower_by_people: -0.01 };
    expect(peopleRow(of({}, { judge_bias: bias })).verdict[2]).toBe("not worse");
    expect(peopleRow(of({}, { judge_bias: { ...bias, lower_by_people: -0.2 } })).verdict[2]).toBe("not proven");
  });
  it("count arms that should be alike", () => {
    expect(guardRow({ ...guard, name: "units", bad: 48, n: 100, allowed: 0.5 })).toMatchObject({
      stable: "52",
      candidate: "48",
      difference: "−4",
    });
  });
  it("say of the grade what its band says", () => {
    expect(gradeRow(base).verdict[2]).toBe("not worse");
    expect(gradeRow(of({}, { lower: 0.001 })).verdict[2]).toBe("better");
    expect(gradeRow(of({}, { lower: -0.2, upper: -0.1 })).verdict[2]).toBe("worse");
    expect(gradeRow(of({}, { pairs: 0 })).glyph).toBeNull();
  });
});

describe("orders", () => {
  it("are those that a state takes", () => {
    expect(actsOf("running")).toEqual(["pause", "roll_back", "promote"]);
    expect(actsOf("held")).toContain("resume");
    expect(actsOf("awaiting_approval")).toEqual(["reject", "approve"]);
    expect(actsOf("promoted")).toEqual([]);
    for (const state of STATES) {
      const keys = actsOf(state).flatMap((act) => ACTS[act].key ?? []);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
  it("ask for the name only when much traffic moves", () => {
    expect(moved("promote", of({}))).toBeGreaterThan(NAME_ABOVE);
    expect(moved("roll_back", of({ share: 0.05 }))).toBeLessThan(NAME_ABOVE);
    expect(moved("roll_back", of({ state: "verifying" }))).toBeGreaterThan(NAME_ABOVE);
    expect(moved("resume", of({}))).toBe(0);
  });
  it("leave out what stays at its default", () => {
    const draft = {
      ...{ workload: "w", candidate: "c", margin: 0.02, plan: "fast", shadow: 0, mustSave: false, approval: false, again: false },
      kin: null,
    };
    expect(request(draft)).toEqual({ workload: "w", candidate: "c", steps: [0.5], margin: 0.02 });
    expect(request({ ...draft, approval: true, shadow: 20 })).toMatchObject({ four_eyes: true, shadow_pairs: 20 });
    expect(request({ ...draft, kin: { accepted: true, reason: " people label it " } })).toMatchObject({
      kin_judge: true,
      reason: "people label it",
    });
    expect(request({ ...draft, kin: { accepted: false, reason: "no" } })).toEqual(request(draft));
    expect([accepted(null), accepted({ accepted: true, reason: " why " })]).toEqual([{}, { kin_judge: true, reason: "why" }]);
  });
  it("start against a refusal only once it is accepted, with a reason", () => {
    const kin = (accepted: boolean, reason: string) => ready({ candidate: "c", kin: { accepted, reason } });
    expect([ready({ candidate: "c", kin: null }), ready({ candidate: "", kin: null })]).toEqual([true, false]);
    expect([kin(false, "why"), kin(true, " "), kin(true, "why")]).toEqual([false, false, true]);
  });
  it("are refused for what has moved meanwhile, unless they take traffic back", () => {
    const acts = Object.keys(ACTS) as (keyof typeof ACTS)[];
    expect(acts.filter(retreats)).toEqual(["pause", "roll_back"]);
  });
});

describe("a canary that moves", () => {
  const row = (id: string, etag: string) => ({ ...of({}), id, etag });
  const shown = (rows: CanaryDetail[], canary: CanaryDetail, workload: string) =>
    withCanary(rows, canary, workload).map(({ id, etag }) => id + etag);
  it("takes its place in the list, and a new one comes first where its workload is listed", () => {
    expect(shown([row("b", "1"), row("a", "5")], row("b", "2"), "")).toEqual(["b2", "a5"]);
    expect(shown([row("a", "5")], row("b", "1"), "support")).toEqual(["b1", "a5"]);
    expect(shown([row("a", "5")], row("b", "1"), "sales")).toEqual(["a5"]);
  });
});

describe("the funnel", () => {
  it("measures pairs against half the requests", () => {
    const told = funnel({ offered: 100, units: 90, paired: 40, scored: 38, imputed: 2 });
    expect(told.map((rung) => rung.n / rung.of)).toEqual([1, 0.9, 0.8, 0.76, 0.04]);
  });
});

describe("whom the start form begins with", () => {
  const row = (deployment: string, stable: boolean, admitted: boolean) => ({ deployment, stable, admitted });
  const candidates = [row("a", true, true), row("b", false, true), row("c", false, false)];
  it("is who was asked for, else one that serves nobody yet; never the stable one", () => {
    expect(first({ candidates }, "b")).toBe("b");
    expect([first({ candidates }), first({ candidates }, "a"), first({ candidates }, "gone")]).toEqual(["c", "c", "c"]);
    expect([first({ candidates: candidates.slice(0, 2) }), first({ candidates: candidates.slice(0, 1) })]).toEqual(["b", ""]);
  });
});
