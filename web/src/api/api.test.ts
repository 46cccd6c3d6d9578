import { describe, expect, it } from "vitest";
import { address, problem } from "./client";
import { SseParser } from "./sse";

describe("addresses", () => {
  it("fill in the id safely and leave out what is empty", () => {
    expect(address("/workloads/{id}", { id: "a/b c" })).toBe("/api/v1/workloads/a%2Fb%20c");
    expect(address("/traces", { query: { workload: "", status: undefined, limit: 50 } })).toBe("/api/v1/traces?limit=50");
  });
});

describe("problems", () => {
  it("keep the server's own words", () => {
    const found = problem(409, '{"code":"W0107","message":"support has a canary","hint":"roll it back"}');
    expect([found.status, found.code, found.message, found.hint]).toEqual([409, "W0107", "support has a canary", "roll it back"]);
  });
  it("say the status when something else answered", () => {
    expect(problem(502, "<html>").message).toBe("the server answered with status 502");
  });
});

describe("server-sent events", () => {
  const text = ': hi\n\nevent: trace\nid: 7\ndata: {"a":1}\n\nevent: score\ndata: x\ndata: y\n\n';
  it("read the same however the stream is cut", () => {
    const whole = new SseParser().push(text);
    expect(whole).toEqual([
      { event: "trace", data: '{"a":1}', id: "7" },
      { event: "score", data: "x\ny", id: "7" },
    ]);
    for (let size = 1; size < text.length; size += 1) {
      const parser = new SseParser();
      const out = [];
      for (let at = 0; at < text.length; at += size) out.push(...parser.push(text.slice(at, at + size)));
      expect(out).toEqual(whole);
    }
  });
  it("read every line ending the standard allows", () => {
    expect(new SseParser().push("data: a\r\n\r\ndata: b\n\n").map((message) => message.data)).toEqual(["a", "b"]);
    const parser = new SseParser();
    expect([...parser.push("data: a\r"), ...parser.push("\n\r\n")].map((message) => message.data)).toEqual(["a"]);
  });
});
