import { describe, expect, it } from "vitest";
import type { WindowRow } from "../../api/types";
import { builtIns, toml } from "./builtin";
import { gather } from "./gather";

const window = (more: Partial<WindowRow>): WindowRow => ({
  ...{
    deployment: "a/b",
    scorer: "exact",
    version: "v1",
    quality: true,
    mean: 0.9,
    lower: 0.8,
    upper: 1,
    n: 30,
    n_eff: 30,
    unscored: 10,
    unscored_by: {},
  },
  ...{
    labels: 0,
    calibration: "uncalibrated",
    corrected: null,
    updated_at: "2026-01-01T00:00:00Z",
    state: "steady",
    epoch: 1,
    prior: 0.5,
    reference: null,
    drift: 0,
    suspect_until: null,
    alarm: null,
  },
  ...more,
});

describe("scorers", () => {
  it("are one row each, with what all workloads say of them", () => {
    const rows = gather(
      [
        {
          workload: "maths",
          scorers: ["exact", "judge"],
          windows: [window({}), window({ deployment: "c/d", mean: 0.5, n: 10, state: "suspect" })],
        },
        { workload: "poems", scorers: ["judge"], windows: [] },
      ],
      [
        { key: "scorers.exact.kind", value: '"exact_match"', origin: "weir.toml:3:1" },
        { key: "scorers.idle.kind", value: '"regex"', origin: "weir.toml:5:1" },
      ],
      [{ name: "exact", answers: 40, unscored: 20, cost_usd: 0.5, delay_p50_ms: 12, delay_p95_ms: 80 }],
      { judge: { kappa: { value: 0.6, lower: 0.4, upper: 0.8, n: 40 }, labels: 40 } },
    );
    expect(rows.map((row) => row.agreement?.kappa?.value ?? null)).toEqual([null, null, 0.6]);
    expect(rows.map((row) => row.sums?.cost_usd)).toEqual([0.5, undefined, undefined]);
    expect(rows.map((row) => row.name)).toEqual(["exact", "idle", "judge"]);
    expect(rows[0]).toMatchObject({ kind: "exact_match", n: 40, unscored: 20, decides: ["maths"], suspect: ["c/d"] });
    expect(rows[0]?.mean).toBeCloseTo(0.8);
    expect(rows[2]).toMatchObject({ n: 0, mean: null, used: [{ workload: "maths" }, { workload: "poems" }] });
  });
});

describe("built-in scorers", () => {
  it("are pasted whole: the scorer, and the workload that it grades", () => {
    const [exact, ...others] = builtIns([{ name: "rubric" }], "a/b");
    expect(exact && toml(exact, "my work")).toBe(
      '[scorers.exact_match]\nkind = "exact_match"\n\n[workloads."my work"]\nscorers = ["exact_match"]',
    );
    const rubric = others.at(-1);
    expect(rubric && toml(rubric, "support")).toContain(
      '[scorers.rubric]\nkind = "judge"\ntemplate = "rubric"\nmodel = "a/b"\nlevels = ["It misses the criteria.", "It meets them in part.", "It meets them in full."]\n',
    );
  });
});
