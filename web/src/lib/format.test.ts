import { describe, expect, it } from "vitest";
import {
  change,
  compact,
  count,
  difference,
  gist,
  grade,
  halfWidth,
  ms,
  percent,
  plural,
  threshold,
  uptime,
  usd,
  usdTicks,
} from "./format";

/** Narrow spaces as plain ones, so that expectations can be read. */
const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("numbers", () => {
  it("groups thousands by spaces that no line breaks at, and never invents a minus zero", () => {
    expect(count(312)).toBe("312");
    expect(count(2400)).toBe("2\u202f400");
    expect(count(12_400_000)).toBe("12\u202f400\u202f000");
    expect(count(-1500)).toBe("−1\u202f500");
    expect(count(-0.2)).toBe("0");
  });
  it("shortens large counts without losing the first decimal", () => {
    expect([9999, 12_400, 999_499, 1_250_000, 250_000].map(compact).map(plain)).toEqual(["9 999", "12.4 k", "999 k", "1.3 M", "250 k"]);
  });
  it("writes grades with three decimals and bounds as half a width", () => {
    expect(grade(0.9041)).toBe("0.904");
    expect(halfWidth({ lower: 0.893, upper: 0.915 })).toBe("±0.011");
  });
  it("signs differences with a true minus, and zero with none", () => {
    expect(difference(0.014)).toBe("+0.014");
    expect(difference(-0.061)).toBe("−0.061");
    expect(difference(-0.0001)).toBe("0.000");
  });
  it("says nothing about what is missing, and never zero", () => {
    for (const write of [count, compact, grade, usd, ms, percent, change, difference, uptime]) {
      expect(write(null)).toBe("–");
      expect(write(Number.NaN)).toBe("–");
    }
  });
});

describe("money", () => {
  it("keeps three significant digits and whole cents", () => {
    const said = [0, 61.2, 1.05, 0.4, 0.385, 0.0123, 0.000492, 361, 12_400, 7.9];
    expect(said.map(usd).map(plain)).toEqual([
      "$0",
      "$61.20",
      "$1.05",
      "$0.40",
      "$0.385",
      "$0.0123",
      "$0.000492",
      "$361",
      "$12 400",
      "$7.90",
    ]);
  });
  it("writes what was lost with a true minus before the sign", () => {
    expect(usd(-1.5)).toBe("−$1.50");
  });
});

describe("durations, shares and changes", () => {
  it("changes from milliseconds to seconds at one second", () => {
    expect([0.42, 180, 999, 1000, 1620, 99_960].map(ms).map(plain)).toEqual(["0.4 ms", "180 ms", "999 ms", "1.00 s", "1.62 s", "100 s"]);
  });
  it("keeps decimals of a share only where they matter", () => {
    expect([0, 0.007, 0.0004, 0.5, 0.05, 1].map((share) => plain(percent(share)))).toEqual([
      "0 %",
      "0.7 %",
      "0.04 %",
      "50 %",
      "5 %",
      "100 %",
    ]);
    expect(plain(uptime(0.9998))).toBe("99.98 %");
  });
  it("signs relative changes", () => {
    expect([-0.89, 0.123, 0].map(change).map(plain)).toEqual(["−89 %", "+12 %", "0 %"]);
  });
  it("agrees in number", () => {
    expect([plural(1, "score"), plural(0, "score"), plural(2, "canary", "canaries")]).toEqual(["1 score", "0 scores", "2 canaries"]);
  });
  it("says the gist of a reason, and lines thresholds up", () => {
    expect(gist("worse than sim/large by more than 0.05: log evidence 5.2 ≥ 4.4 after 46 pairs, −0.1")).toBe(
      "worse than sim/large by more than 0.05",
    );
    expect(gist("sim/small is below the floor 0.85: mean 0.703, log evidence 3.84 ≥ 3.75")).toBe("sim/small is below the floor 0.85");
    const words = "rolled back by ops: too terse, and log evidence of it";
    expect(gist(words)).toBe(words);
    expect(gist("advanced to 50 % of units per arm")).toBe("advanced to 50\u202f% of units per arm");
    expect([0, 0.05, 0.1].map(usdTicks(0.15))).toEqual(["$0", "$0.05", "$0.10"]);
    expect([usdTicks(0.02)(0.005), usdTicks(5)(2), usdTicks(4000)(2000)].map(plain)).toEqual(["$0.005", "$2.00", "$2 000"]);
    expect([0.8, 0.85, 0.875, null].map(threshold)).toEqual(["0.80", "0.85", "0.875", "–"]);
  });
});
