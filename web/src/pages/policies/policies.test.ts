import { describe, expect, it } from "vitest";
import type { Canary, PolicyDiff, Revision, Stage } from "../../api/types";
import { withEffects } from "./effect";
import { align, sentences, stageText } from "./diff";
import { duration } from "./maths";

const stage = (name: string, given: Record<string, unknown> = {}): Stage => ({ stage: name, when: null, ...given });

describe("a change of policy", () => {
  const before = { stages: [stage("filter"), stage("floor"), stage("cost")], admitted: ["sim/large"] };
  it("is told in sentences", () => {
    const after = {
      stages: [stage("filter"), stage("cost"), stage("weighted", { weights: { a: 1 } })],
      admitted: ["sim/small", "sim/large"],
    };
    expect(sentences(before, after)).toEqual([
      "sim/small is the stable deployment now; it was sim/large.",
      "sim/small may take ordinary traffic now.",
      "Stage dropped: floor.",
      'New stage: weighted weights {"a":1}.',
    ]);
  });
  it("says so when nothing changed, and what the first revision does", () => {
    expect(sentences(before, before)).toEqual(["Nothing that routes has changed."]);
    expect(sentences(undefined, before)).toEqual(["sim/large serves; 3 stages decide."]);
  });
  it("keeps what is alike beside each other", () => {
    expect(align(["a", "b", "c"], ["a", "c", "d"])).toEqual([
      { before: "a", after: "a" },
      { before: "b", after: null },
      { before: "c", after: "c" },
      { before: null, after: "d" },
    ]);
    expect(align([], ["x"])).toEqual([{ before: null, after: "x" }]);
  });
  it("shows conditions with their stage", () => {
    expect(stageText({ stage: "lock", when: "tokens < 8000", deployments: ["a"] } as Stage)).toBe(
      'when tokens < 8000: lock deployments ["a"]',
    );
  });
});

describe("durations", () => {
  it("are said in days, hours and minutes", () => {
    expect([duration("PT2H30M"), duration("P3DT4H"), duration("PT45S"), duration(null)]).toEqual([
      "2 h 30 min",
      "3 d 4 h",
      "45 s",
      "unknown",
    ]);
  });
});

describe("what a revision did", () => {
  const row = (author: Revision["author"]) => ({ revision: "r-0002", workload: "support", author }) as Revision;
  const canary = { id: "c1", workload: "support", candidate: "a/b", base: "r-0001", proposer: "optimizer" } as Canary;
  const evidence = { pairs: 300, delta: 0.01, lower: -0.01, upper: 0.03 };
  const diff = { state: "applied", workload: "support", candidate: "a/b", parent: "r-0001", canary: "c1" } as PolicyDiff;
  const maths = { traffic: {}, quality: {}, cost: { monthly_saving_usd: 61.2 }, plan: {}, evidence: {} };
  it("is what its canary measured and the proposal behind that promised", () => {
    const [of] = withEffects([row({ kind: "canary", id: "c1" })], [{ ...canary, evidence } as Canary], [{ ...diff, diff: maths }]);
    expect(of?.effect).toEqual({ proposer: "optimizer", saving: 61.2, quality: { delta: 0.01, lower: -0.01, upper: 0.03, pairs: 300 } });
  });
  it("is unknown of a file's or a person's, of a proposal that another canary tried out, and without pairs", () => {
    const none = { proposer: null, saving: null, quality: null };
    expect(withEffects([row({ kind: "config" })], [], [])[0]?.effect).toEqual(none);
    const unmeasured = { ...canary, evidence: { ...evidence, pairs: 0 } } as Canary;
    const other = { ...diff, canary: "c0", diff: maths };
    expect(withEffects([row({ kind: "canary", id: "c1" })], [unmeasured], [other])[0]?.effect).toEqual({ ...none, proposer: "optimizer" });
  });
});
