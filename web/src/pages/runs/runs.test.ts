import type { Run, RunRow } from "../../api/types";
import { withRun } from "./useRunEvents";
import { describe, expect, it } from "vitest";
import { standing } from "./Comparisons";
import { differs, mean } from "./grades";
import { promising } from "./promising";
import { suite } from "./suite";

const delta = (value: number) => ({ value, lower: value - 0.1, upper: value + 0.1, n: 50 });

describe("a run that moves", () => {
  const run = (id: string, asked: number) => ({ id, asked }) as RunRow;
  it("takes its place in the list, and a new one comes first", () => {
    expect(withRun([run("b", 0), run("a", 5)], run("b", 2)).map((row) => [row.id, row.asked])).toEqual([
      ["b", 2],
      ["a", 5],
    ]);
    expect(withRun([run("a", 5)], run("b", 0)).map((row) => row.id)).toEqual(["b", "a"]);
  });
});

describe("a comparison", () => {
  it("says better or worse only when it is resolved", () => {
    expect(standing({ delta: delta(0.2), resolved: true, items_needed: null })[2]).toBe("better");
    expect(standing({ delta: delta(-0.2), resolved: true, items_needed: null })[2]).toBe("worse");
    expect(standing({ delta: delta(0.02), resolved: false, items_needed: 120 })[2]).toBe("about 120 more items");
    expect(standing({ delta: delta(0), resolved: false, items_needed: null })[2]).toBe("no difference seen");
  });
});

describe("the difference of two answers", () => {
  const own = (a: string, b: string) =>
    differs(a, b)
      .filter((piece) => piece.own)
      .map((piece) => piece.text.trim())
      .filter(Boolean);
  it("marks the words that the other does not have, and keeps the whole text", () => {
    expect(own("the sum is 42", "the sum is 41")).toEqual(["42"]);
    expect(own("a b c", "a c")).toEqual(["b"]);
    expect(own("same", "same")).toEqual([]);
    for (const [a, b] of [
      ["x  y\nz", "y z q"],
      ["", "b"],
      ["a", ""],
    ] as const) {
      expect(
        differs(a, b)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(a);
    }
  });
});

describe("grades of an item", () => {
  const answer = (value: number | null) => ({ scores: [{ value }] }) as never;
  it("are the mean over trials, and nothing without a grade", () => {
    expect(mean([answer(1), answer(0.5), answer(null)])).toBe(0.75);
    expect(mean([answer(null)])).toBeNull();
  });
});

describe("a suite", () => {
  it("takes its scorers from the configuration, the first one decides", () => {
    const config = [
      { key: "scorers.exact.ignore_case", value: "true", origin: "" },
      { key: "scorers.exact.kind", value: '"exact_match"', origin: "" },
    ];
    const draft = { name: "maths", workload: "maths", dataset: "maths", scorers: ["exact"], models: [], sample: 0, maxUsd: 0 };
    expect(suite(draft, config)).toBe(
      '[suite]\nname = "maths"\nworkload = "maths"\ndataset = "maths"\nquality = "exact"\n\n[[scorer]]\nname = "exact"\nkind = "exact_match"\nignore_case = true',
    );
  });
});

describe("whom a run speaks for", () => {
  const arm = (name: string, value: number, half: number, is_baseline = false) => ({
    ...{ name, is_baseline },
    metrics: [{ name: "quality", grade: { value, lower: value - half, upper: value + half, n: 50 } }],
  });
  const of = (...arms: object[]) => promising({ arms: arms as Run["arms"] });
  it("is the best of those that are not proven worse than the baseline", () => {
    expect(of(arm("base", 0.8, 0.05, true), arm("a", 0.78, 0.05), arm("b", 0.85, 0.05), arm("c", 0.5, 0.05))).toBe("b");
    expect(of(arm("base", 0.8, 0.05, true), arm("c", 0.5, 0.05))).toBeNull();
  });
  it("is never the router, and the best where there is no baseline", () => {
    expect(of(arm("weir/support", 0.9, 0.01), arm("a", 0.7, 0.1))).toBe("a");
    expect(of()).toBeNull();
  });
});
