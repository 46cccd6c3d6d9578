import { describe, expect, it } from "vitest";
import { wilson } from "./bounds";
import { assign, look } from "./colours";
import { csv } from "./csv";
import { keyName, Sequencer } from "./keys";
import { chartNames } from "./names";
import { pairsNeeded, secondsNeeded } from "./plan";
import { absolute, ago, agoWords, axisTime, clock, firstRange, span, wholeRange } from "./time";
import { offsetName } from "./zone";
import { parseSearch, pick, stringifySearch } from "./url";

describe("time", () => {
  it("tells how long ago in one unit", () => {
    const plain = (seconds: number) => span(seconds).replace("\u202f", " ");
    expect([2, 42, 840, 7300, 200_000].map(plain)).toEqual(["now", "42 s", "14 min", "2 h", "2 d"]);
    const now = Date.parse("2026-11-21T01:00:00Z");
    expect(ago("2026-11-21T00:46:00Z", now)).toBe("14\u202fmin");
    expect(agoWords("2026-11-21T00:59:59Z", now)).toBe("just now");
  });
  it("shows less than an hour of what is younger", () => {
    expect([60, 600, 6000].map((age) => firstRange(0, age * 1000))).toEqual(["5m", "15m", "1h"]);
    expect(firstRange(null, 0)).toBe("1h");
    const now = Date.parse("2026-11-21T01:00:00Z");
    expect([null, "2026-11-21T00:50:00Z", "2026-11-21T00:03:00Z"].map((began) => wholeRange(began, now))).toEqual(["24h", "1h", "24h"]);
  });
  it("writes absolute times in UTC and leaves what is no time alone", () => {
    expect(absolute("2026-11-21T01:02:03.456Z")).toBe("2026-11-21 01:02:03 UTC");
    expect(absolute("soon")).toBe("soon");
    expect(clock("soon")).toBe("soon");
  });
  it("names the clock by what it is ahead of UTC, and days by their month", () => {
    expect([0, 120, -210, 345].map(offsetName)).toEqual(["UTC", "UTC+2", "UTC−3:30", "UTC+5:45"]);
    expect(axisTime(Date.parse("2026-11-05T12:00:00Z") / 1000, 604_800)).toBe("5\u202fNov");
  });
});

describe("search parameters", () => {
  it("survive a round trip as plain text, without empty ones", () => {
    const search = { workload: "support", deployment: "openai/gpt-4.1@eu", status: "", cursor: undefined };
    expect(stringifySearch(search)).toBe("?workload=support&deployment=openai/gpt-4.1%40eu");
    expect(parseSearch(stringifySearch(search))).toEqual({ workload: "support", deployment: "openai/gpt-4.1@eu" });
    expect(stringifySearch({})).toBe("");
  });
  it("drops what a page does not know", () => {
    expect(pick({ sort: "-cost", other: "1", range: 3 }, ["sort", "range"])).toEqual({ sort: "-cost" });
  });
});

describe("colours", () => {
  it("stay with a deployment whatever is added later", () => {
    const first = assign({}, ["a", "b"]);
    const later = assign(first, ["c", "a", "b"]);
    expect(later).toEqual({ a: 0, b: 1, c: 2 });
  });
  it("are joined by a dash from the fourth on, and differ from it again beyond the sixth", () => {
    expect(look(2).dash).toBeUndefined();
    expect(look(3).dash).toBeDefined();
    expect(look(6).variable).toBe(look(0).variable);
    expect(look(6).dash).not.toEqual(look(3).dash);
  });
});

describe("csv", () => {
  it("quotes what needs it and defuses formulas", () => {
    expect(
      csv(
        ["a", "b"],
        [
          ['say "hi", you', null],
          ["=1+1", -2],
        ],
      ),
    ).toBe('a,b\r\n"say ""hi"", you",\r\n\'=1+1,-2');
  });
});

describe("keys", () => {
  const event = (key: string, more = {}) => ({ key, metaKey: false, ctrlKey: false, altKey: false, ...more });
  it("treat ⌘ and Ctrl alike and leave Alt to the system", () => {
    expect(keyName(event("k", { metaKey: true }))).toBe("mod+k");
    expect(keyName(event("K", { ctrlKey: true }))).toBe("mod+k");
    expect(keyName(event("k", { altKey: true }))).toBe("");
  });
  it("complete a sequence within its time only", () => {
    const bindings = { "g t": () => {}, t: () => {} };
    const sequencer = new Sequencer();
    expect(sequencer.press("g", 0, bindings)).toBeNull();
    expect(sequencer.press("t", 500, bindings)).toBe("g t");
    expect(sequencer.press("g", 1000, bindings)).toBeNull();
    expect(sequencer.press("t", 5000, bindings)).toBe("t");
  });

  it("leave the second key of a pair to whoever waits for it", () => {
    const [shell, range] = [new Sequencer(), new Sequencer()];
    const [pairs, singles] = [{ "g t": () => {} }, { t: () => {} }];
    expect([range.press("g", 9000, singles), shell.press("g", 9000, pairs)]).toEqual([null, null]);
    expect([range.press("t", 9100, singles), shell.press("t", 9100, pairs)]).toEqual([null, "g t"]);
    expect(range.press("t", 9200, singles)).toBe("t");
  });
});

describe("names", () => {
  it("are short until two would be the same", () => {
    const name = chartNames(["openai/gpt-4.1", "azure/gpt-4.1", "sim/small"]);
    expect(["openai/gpt-4.1", "azure/gpt-4.1", "sim/small"].map(name)).toEqual(["openai/gpt-4.1", "azure/gpt-4.1", "small"]);
  });
});

describe("plan", () => {
  it("agrees with the simulated medians within their known error", () => {
    // Pass/fail grades at 80 %, margin 0.03: median 3,452 pairs; the formula is at most 35 % above.
    const pairs = pairsNeeded(0.8, 0.03);
    expect(pairs).toBeGreaterThanOrEqual(3452);
    expect(pairs).toBeLessThan(3452 * 1.35);
    // Near the ceiling the largest bet binds: 414 pairs at margin 0.03.
    expect(pairsNeeded(0.99, 0.03)).toBeGreaterThanOrEqual(414);
    expect(pairsNeeded(0.8, 0.05)).toBeLessThan(pairs);
  });
  it("says nothing about time without traffic", () => {
    expect(secondsNeeded(100, 0, 0.5)).toBeNull();
    expect(secondsNeeded(100, 86_400, 0.5)).toBe(200);
  });
});

describe("bounds of a bucket", () => {
  it("hold the mean, stay in 0..=1 and narrow with n", () => {
    for (const mean of [0, 0.3, 1]) {
      const few = wilson(mean, 4);
      const many = wilson(mean, 400);
      expect(few.lower).toBeGreaterThanOrEqual(0);
      expect(few.upper).toBeLessThanOrEqual(1);
      expect(many.upper - many.lower).toBeLessThan(few.upper - few.lower);
      expect(few.lower).toBeLessThanOrEqual(mean + 1e-12);
      expect(few.upper).toBeGreaterThanOrEqual(mean - 1e-12);
    }
    expect(wilson(0.5, 0)).toEqual({ lower: 0, upper: 1 });
  });
});
