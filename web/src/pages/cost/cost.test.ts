import { describe, expect, it } from "vitest";
import { columns, groupName, splitOf } from "./split";

const series = (groups: [string, number[]][]) => ({
  start: "2026-11-21T00:00:00.000Z",
  step_s: 60,
  groups: groups.map(([group, cost_usd]) => ({ group, cost_usd, requests: cost_usd.map(() => 1) })),
  best_usd: (groups[0]?.[1] ?? []).map(() => null),
});

describe("spending in columns", () => {
  it("stacks each group on those before it, from zero", () => {
    const drawn = columns(
      series([
        ["a", [1, 2]],
        ["b", [3, 0]],
      ]),
      { by: "workload" },
    );
    expect(drawn.lines.map((line) => line.values)).toEqual([
      [1, 2],
      [4, 2],
    ]);
    expect(drawn.range[0]).toBe(0);
    expect(drawn.range[1]).toBeGreaterThanOrEqual(4);
  });
  it("draws five by name and the rest as one, in grey", () => {
    const many = columns(series(["a", "b", "c", "d", "e", "f", "g"].map((name) => [name, [1]])), { by: "key" });
    expect(many.parts.map((part) => part.label)).toEqual(["a", "b", "c", "d", "e", "2 others"]);
    expect(many.parts.at(-1)?.values).toEqual([2]);
    expect(many.lines.at(-1)?.variable).toBe("--s0");
  });
});

describe("the split of the URL", () => {
  it("knows workloads, deployments, keys and tags, and takes nothing else", () => {
    expect([splitOf("key"), splitOf("tag:team"), splitOf("colour"), splitOf(undefined)]).toEqual([
      { by: "key" },
      { by: "tag", tag: "team" },
      { by: "workload" },
      { by: "workload" },
    ]);
    expect(groupName("", { by: "tag", tag: "team" })).toBe("no team");
  });
});
