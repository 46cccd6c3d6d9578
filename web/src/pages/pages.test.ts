import { describe, expect, it } from "vitest";
import type { TraceRow } from "../api/types";
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
      input: "2 + 2? · system: Be brief.",
      expected: "4",
    });
    expect(itemText({ input: "2 + 2?" }).expected).toBe("");
  });
});
