import { describe, expect, test } from "vitest";
import { othersSeries } from "./series";

describe("series of scores beside a workload's own scorers", () => {
  const row = (scorer: string, quality: boolean) => ({ scorer, quality });

  test("each is named once, and the one that steers routing is told", () => {
    const windows = [row("tone", false), row("quality", false), row("exact", false), row("quality", true), row("tone", false)];
    expect(othersSeries(windows, ["exact"])).toEqual([
      { name: "quality", decides: true },
      { name: "tone", decides: false },
    ]);
  });

  test("there is none where only its own scorers grade, or nobody does", () => {
    expect(othersSeries([row("exact", true)], ["exact"])).toEqual([]);
    expect(othersSeries([], [])).toEqual([]);
  });
});
