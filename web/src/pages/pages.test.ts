import { describe, expect, it } from "vitest";
import type { CanaryDetail, TraceRow } from "../api/types";
import { axis } from "./canaries/axis";
import { headline, split } from "./canaries/verdict";
import { rungs } from "./canaries/rungs";
import { itemText, mapParameter, nameFrom } from "./datasets/mapping";
import { matches, merge } from "./traces/filter";
import { EMPTY, flush, KEEP, take, WAITING } from "./traces/tail";
import { answerOf, messagesOf } from "./traces/text";

const row = (span_id: string, started_at: string, more: Partial<TraceRow> = {}): TraceRow => ({
  ...{ span_id, started_at, trace_id: span_id, workload: "maths", deployment: "sim/large", strategy: null, revision: null },
  ...{ status: "ok", code: null, origin: "client", stream: false, latency_ms: 1, ttft_ms: null, input_tokens: 1, output_tokens: 1 },
  ...{ cost_usd: null, attempts: 1, arm: null, canary: null, score: null },
  ...more,
});
const evidence = {
  ...{ pairs: 100, step_pairs: 40, candidate_mean: 0.8, control_mean: 0.8, delta: 0, lower: -0.1, upper: 0.1 },
  ...{ log_e_promote: 0, promote_at: 4.6, log_e_rollback: 0, rollback_at: 3.7, missing_candidate: 0, missing_control: 0 },
};

describe("the live tail", () => {
  const rows = (n: number) => Array.from({ length: n }, (_, i) => row(`s${i}`, `2026-01-01T00:00:${String(i % 60).padStart(2, "0")}Z`));
  it("shows the newest first and counts what it does not show", () => {
    const shown = flush(take(EMPTY, rows(60)), 50);
    expect(shown.shown).toHaveLength(50);
    expect(shown.shown[0]?.span_id).toBe("s59");
    expect(shown.dropped).toBe(10);
  });
  it("keeps at most so many waiting while somebody reads, dropping the oldest", () => {
    const paused = take(take(EMPTY, rows(WAITING)), rows(7));
    expect(paused.waiting).toHaveLength(WAITING);
    expect(paused.waiting[0]?.span_id).toBe("s6");
    expect(paused.dropped).toBe(7);
    expect(paused.shown).toHaveLength(0);
  });
  it("never grows without end", () => {
    let tail = EMPTY;
    for (let i = 0; i < 40; i += 1) tail = flush(take(tail, rows(50)));
    expect(tail.shown).toHaveLength(KEEP);
  });
});

describe("the list of traces", () => {
  it("holds each span once, newest first, and takes a score that came later", () => {
    const stored = [row("b", "2026-01-01T00:00:02Z"), row("a", "2026-01-01T00:00:01Z", { score: 0.5 })];
    const merged = merge([row("c", "2026-01-01T00:00:03Z"), row("b", "2026-01-01T00:00:02Z", { score: 1 })], stored);
    expect(merged.map((each) => [each.span_id, each.score])).toEqual([
      ["c", null],
      ["b", 1],
      ["a", 0.5],
    ]);
  });
  it("filters live rows as the server filters stored ones", () => {
    expect(matches(row("a", "", { status: "failed" }), { status: "failed", workload: "maths" })).toBe(true);
    expect(matches(row("a", ""), { deployment: "sim/small" })).toBe(false);
  });
});

describe("bodies", () => {
  it("give their words, whole or streamed, and nothing when they are not what they should be", () => {
    expect(messagesOf('{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url"}]}]}')).toEqual([
      { role: "user", text: "hi\n[image_url]" },
    ]);
    expect(answerOf('{"choices":[{"message":{"content":"42"}}]}')).toBe("42");
    const delta = (content: string) => `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`;
    expect(answerOf(`${delta("4")}${delta("2")}data: [DONE]\n\n`)).toBe("42");
    expect([messagesOf("not json"), answerOf(""), messagesOf("[1]")]).toEqual([[], null, []]);
  });
});

describe("the verdict", () => {
  const of = (more: object, state = "running") => headline({ state: state as "running", evidence: { ...evidence, ...more } }).words;
  it("leans as the evidence does, and waits when there is none", () => {
    expect(of({ log_e_promote: 1.2 })).toBe("On course to promote");
    expect(of({ log_e_rollback: 1.2 })).toBe("On course to roll back");
    expect(of({})).toBe("Undecided");
    expect(of({ pairs: 0 })).toBe("Waiting for the first pairs");
    expect(of({ log_e_promote: 9 }, "rolled_back")).toBe("Rolled back");
  });
  it("is not said twice when the sentence opens with it", () => {
    expect(split("Undecided", "undecided after 3 pairs")).toEqual({ lead: "Undecided", rest: " after 3 pairs." });
    expect(split("Promoted", "lower bound is above")).toEqual({ lead: "Promoted.", rest: " Lower bound is above." });
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
  const event = (step: number, pairs: number, at: string) => ({
    at,
    actor: "o",
    state: "running" as const,
    step,
    reason: "",
    evidence: { ...evidence, pairs },
  });
  const canary = (more: object) =>
    rungs({
      ...{ steps: [0.05, 0.25, 0.5], step: 1, state: "running", evidence },
      events: [event(1, 60, "2026-01-01T00:10:00Z"), event(0, 0, "2026-01-01T00:00:00Z")],
      ...more,
    } as Pick<CanaryDetail, "steps" | "step" | "state" | "events" | "evidence">);
  it("tells what each step took, where it stands and what is ahead", () => {
    const ladder = canary({});
    expect(ladder.map((rung) => rung.state)).toEqual(["done", "now", "todo", "todo"]);
    expect(ladder[0]?.detail).toContain("60 pairs");
    expect(ladder[1]?.detail).toContain("40 pairs");
  });
  it("marks where a rolled back canary stopped, and the stable rung of a promoted one", () => {
    expect(canary({ state: "rolled_back" }).map((rung) => rung.state)).toEqual(["done", "stopped", "todo", "todo"]);
    expect(canary({ state: "promoted" }).at(-1)).toMatchObject({ title: "Stable", state: "done" });
  });
});

describe("datasets", () => {
  it("say a mapping as the import reads it", () => {
    expect(mapParameter({ input: "question", expected: "answer", id: "" })).toBe("input:question,expected:answer");
  });
  it("are named after their file", () => {
    expect(nameFrom("My Questions (2).csv")).toBe("my-questions-2");
    expect(nameFrom("???.json")).toBe("dataset");
  });
  it("show an item in one line whatever its shape", () => {
    expect(
      itemText({
        input: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "2 + 2?" },
        ],
        expected: 4,
      }),
    ).toEqual({
      input: "system: Be brief. · 2 + 2?",
      expected: "4",
    });
    expect(itemText({ input: "2 + 2?" }).expected).toBe("");
  });
});
