import { describe, expect, it } from "vitest";
import { brushed } from "./brush";
import { frontier, overlaps, place } from "./pareto";
import { apart, linear, log, logTicks, nice, roundTimes, spread, ticks } from "./scale";
import { lastKnown, nameSides, stackShares } from "./series";
import { begun, runs } from "./Spark";

describe("scales", () => {
  it("mark times that people count by, however the buckets lie", () => {
    const minutes = (times: number[]) => times.map((second) => second / 60);
    expect(minutes(roundTimes(37, 3_637, 11))).toEqual([10, 20, 30, 40, 50, 60]);
    expect(minutes(roundTimes(0, 300, 5))).toEqual([0, 1, 2, 3, 4]);
    expect(roundTimes(0, 30 * 86_400, 6).map((second) => second / 86_400)).toEqual([0, 5, 10, 15, 20, 25]);
  });
  it("map ends to ends, and a flat domain to the start", () => {
    const x = linear([0, 10], [100, 200]);
    expect([x(0), x(5), x(10)]).toEqual([100, 150, 200]);
    expect(linear([3, 3], [0, 10])(3)).toBe(0);
  });
  it("give equal room to equal ratios", () => {
    const x = log([0.1, 10], [0, 200]);
    expect(x(1)).toBeCloseTo(100);
    expect(x(0)).toBe(0);
  });
  it("tick at round numbers inside the range", () => {
    expect(ticks(0.7, 0.95, 5)).toEqual([0.7, 0.75, 0.8, 0.85, 0.9, 0.95]);
    expect(logTicks(0.1, 12)).toEqual([0.1, 0.3, 1, 3, 10]);
    const at = (range: number) => log([0.001, 1], [0, range]);
    const marks = logTicks(0.001, 1);
    expect(apart(marks, at(600), () => 30)).toEqual(marks);
    expect(apart(marks, at(180), () => 30)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(apart(marks, at(90), () => 30)).toEqual([0.001, 0.1]);
    expect(apart(marks, at(20), () => 30)).toEqual([0.001]);
    expect(ticks(1, 1)).toEqual([1]);
  });
  it("grow a range to round ends that hold it", () => {
    const [low, high] = nice(0.726, 0.941);
    expect(low).toBeLessThanOrEqual(0.726);
    expect(high).toBeGreaterThanOrEqual(0.941);
    expect([low, high]).toEqual([0.7, 0.95]);
  });
});

describe("the frontier", () => {
  const point = (label: string, cost: number, value: number) => ({ label, cost, value });
  it("holds exactly the points that none beats in both", () => {
    const points = [
      point("dear", 10, 0.9),
      point("cheap", 1, 0.7),
      point("beaten", 5, 0.65),
      point("middle", 3, 0.8),
      point("worse", 10, 0.85),
    ];
    expect(frontier(points).map((p) => p.label)).toEqual(["cheap", "middle", "dear"]);
  });
  it("keeps one of two equal points", () => {
    expect(frontier([point("a", 1, 0.5), point("b", 1, 0.5)])).toHaveLength(1);
  });
});

describe("labels", () => {
  const area = { x: 0, y: 0, width: 400, height: 200 };
  it("never cover each other, a taken place or the edge", () => {
    const wanted = Array.from({ length: 6 }, (_, i) => ({ label: `${i}`, x: 390 - i, y: 100 + i, width: 60 }));
    const taken = [{ x: 380, y: 90, width: 20, height: 20 }];
    const placed = place(wanted, taken, area);
    const boxes = placed.map((label) => ({ x: label.anchor === "start" ? label.x : label.x - 60, y: label.y - 10, width: 60, height: 13 }));
    expect(placed.length).toBeGreaterThan(0);
    boxes.forEach((box, i) => {
      expect(box.x + box.width).toBeLessThanOrEqual(400);
      for (const other of [...boxes.slice(i + 1), ...taken]) expect(overlaps(box, other)).toBe(false);
    });
  });
  it("are pushed apart even where all want the same end", () => {
    expect(spread([-5, 0, -9], 10, 4, 100)).toEqual([14, 24, 4]);
    expect(spread([120, 130], 10, 4, 100)).toEqual([90, 100]);
  });
  it("are pushed apart along an axis and kept inside it", () => {
    const places = spread([10, 12, 11, 90], 13, 0, 100);
    const sorted = [...places].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i += 1) expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(13 - 1e-9);
    expect(Math.max(...places)).toBeLessThanOrEqual(100);
    expect((places[0] ?? 0) < (places[2] ?? 0) && (places[2] ?? 0) < (places[1] ?? 0)).toBe(true);
  });
});

describe("series", () => {
  it("breaks at gaps instead of bridging or zeroing them", () => {
    expect(runs([1, 2, null, 3])).toEqual([
      [
        [0, 1],
        [1, 2],
      ],
      [[3, 3]],
    ]);
    expect(runs([null, null])).toEqual([]);
  });
  it("begins with the first value, and keeps every gap after it", () => {
    expect(begun([null, null, 1, null, 2, null])).toEqual([1, null, 2, null]);
    expect(begun([null, null])).toEqual([]);
  });
  it("stacks shares up to one, and leaves a bucket without requests empty", () => {
    const [first, second] = stackShares([
      [1, 0, 3],
      [3, 0, 1],
    ]);
    expect(first).toEqual([0.25, null, 0.75]);
    expect(second).toEqual([1, null, 1]);
  });
  it("labels a line at its last known point", () => {
    expect(lastKnown([0.5, 0.6, null])).toEqual({ at: 1, value: 0.6 });
    expect(lastKnown([null])).toBeNull();
  });
  it("names the newest decision first, lets steps give way, and turns round at the right edge", () => {
    const mark = (x: number, minor = false) => ({ x, width: 50, minor });
    expect(nameSides([mark(0), mark(20), mark(100, true), mark(180)], 0, 200)).toEqual([null, "after", null, "before"]);
    expect(nameSides([mark(0, true), mark(20, true), mark(90, true)], 0, 200)).toEqual(["after", null, "after"]);
    expect(nameSides([mark(20)], 0, 40)).toEqual([null]);
  });
});

describe("a stretch chosen by keys", () => {
  const bars = { start: 100, step: 10, count: 5 };
  const keys = (chosen: [number, number] | null, ...pressed: string[]) =>
    pressed.reduce<[number, number] | null | undefined>(
      (now, key) => brushed(now ?? null, key.replace("Shift+", ""), key.startsWith("Shift+"), bars),
      chosen,
    );
  it("begins at the end that the arrow comes from, moves, and widens with Shift", () => {
    expect(keys(null, "ArrowLeft")).toEqual([140, 150]);
    expect(keys(null, "ArrowRight")).toEqual([100, 110]);
    expect(keys([140, 150], "ArrowLeft", "Shift+ArrowLeft")).toEqual([120, 140]);
  });
  it("stays among the bars at its width, and lets go", () => {
    expect(keys([130, 150], "ArrowRight")).toEqual([130, 150]);
    expect(keys([100, 120], "ArrowLeft", "Shift+ArrowLeft")).toEqual([100, 120]);
    expect([keys([100, 120], "Escape"), keys(null, "Escape"), keys(null, "x")]).toEqual([null, undefined, undefined]);
  });
});
