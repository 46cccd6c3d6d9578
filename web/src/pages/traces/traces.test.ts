import { describe, expect, it } from "vitest";
import type { Attempt } from "../../api/types";
import { curlOf } from "./Acts";
import { phases } from "./Page";
import { asks } from "./ScoreNow";
import { toggled } from "./Selected";

const attempt = (started_us: number, latency_us: number, error: string | null = null): Attempt => ({
  ...{ deployment: "sim/large", started_us, latency_us, error, status: error ? 500 : 200, cost: null, dropped: [], away_from: null },
});

describe("the waterfall", () => {
  it("shows routing, each call, the first token and the stream after it", () => {
    const shown = phases({ attempts: [attempt(2_000, 30_000, "timeout"), attempt(40_000, 60_000)], ttft_ms: 70, latency_ms: 100 });
    expect(shown.map((phase) => [phase.label, phase.start_ms, phase.length_ms])).toEqual([
      ["read and routed", 0, 2],
      ["sim/large", 2, 30],
      ["sim/large", 40, 60],
      ["to first token", 0, 70],
      ["streaming", 70, 30],
    ]);
    expect(shown[1]?.tone).toBe("bad");
  });
  it("tells why a call was made before its turn", () => {
    const attempts = [attempt(0, 3_000, "timeout"), { ...attempt(3_000, 10), away_from: "eu" }];
    const shown = phases({ attempts, ttft_ms: null, latency_ms: 4 });
    expect(shown.map((phase) => phase.note)).toEqual(["before the first call", "timeout", "status 200, before its turn: eu was silent"]);
  });
  it("has no bar for what did not happen", () => {
    expect(phases({ attempts: [], ttft_ms: null, latency_ms: 3 })).toEqual([]);
  });
});

describe("a copied request", () => {
  it("asks for the model that was asked for and keeps single quotes", () => {
    const text = curlOf("http://h", {
      workload: "maths",
      model_asked: "weir/maths",
      request: `{"model":"x","messages":[{"role":"user","content":"it's"}]}`,
    });
    expect(text).toContain(`"model":"weir/maths"`);
    expect(text).toContain(`it'\\''s`);
  });
});

describe("scoring now", () => {
  it("knows whose word is paid for", () => {
    const row = (key: string, value: string) => ({ key, value, origin: "" });
    const config = [row("scorers.exact.kind", '"exact_match"'), row("scorers.tone.kind", '"judge"'), row("scorers.tone.model", '"a/b"')];
    expect([asks(config, "exact"), asks(config, "tone"), asks(config, "gone")]).toEqual([null, "a/b", null]);
  });
});

describe("marked rows", () => {
  it("are marked and let go by the same key", () => {
    const one = toggled(new Set(), "a");
    expect([...toggled(one, "b")]).toEqual(["a", "b"]);
    expect([...toggled(one, "a")]).toEqual([]);
  });
});
