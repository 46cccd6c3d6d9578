import { describe, expect, it } from "vitest";
import type { Deployment } from "../../api/types";
import { fives, tone } from "./HealthDots";
import { mostCost } from "./KeyTest";
import { offered, snippet, unused } from "./snippet";
import { standing } from "./state";

describe("health dots", () => {
  it("never average a bad minute away, and a minute without traffic is a gap", () => {
    const minutes = Array.from({ length: 60 }, (_, i) => ({ requests: i < 5 ? 0 : 100, failed: i === 7 ? 50 : i === 12 ? 1 : 0 }));
    expect(fives(minutes).map((dot) => dot.worst)).toEqual(["none", "bad", "warn", ...Array.from({ length: 9 }, () => "ok")]);
    expect(tone({ requests: 0, failed: 0 })).toBe("none");
  });
});

describe("the state of a deployment", () => {
  const health: Deployment["health"] = {
    state: "up",
    in_flight: 0,
    latency_ms: 1,
    failures: 0,
    error_rate: 0,
    ramp: 1,
    exhausted: false,
    rejected_keys: [],
  };
  const of = (more: object, suspect_in: string[] = [], requests_1h = 9) =>
    standing({ health: { ...health, ...more }, suspect_in, requests_1h })[2];
  it("is what keeps traffic away, worst first", () => {
    expect(of({})).toBe("Up");
    expect(of({}, [], 0)).toBe("Idle");
    expect(of({ ramp: 0.4 })).toBe("Coming back");
    expect(of({}, ["support"])).toBe("Quarantined");
    expect(of({ exhausted: true }, ["support"])).toBe("No headroom");
    expect(of({ exhausted: true, rejected_keys: ["env:SPARE"] })).toBe("Key refused");
    expect(of({ state: "open", rejected_keys: ["env:SPARE"] })).toBe("Key refused");
    expect(of({ state: "probing", exhausted: true })).toBe("Probing");
    expect(of({ state: "open" }, ["support"])).toBe("Breaker open");
  });
});

describe("the live test", () => {
  it("says what it costs at most, and nothing where the price is not known", () => {
    expect(mostCost({ price: { input_usd: 1, output_usd: 2, cached_input_usd: null, version: "" } })).toBeCloseTo(52e-6);
    expect(mostCost({ price: null })).toBeNull();
  });
});

describe("the configuration of a deployment", () => {
  const offer = (name: string, more: object = {}) => ({
    ...{ name, key: `${name.toUpperCase()}_API_KEY`, found: false, local: false, configured: false },
    ...more,
  });
  it("refers to the key and quotes what a person typed", () => {
    const [openai] = offered([offer("openai")]);
    expect(openai && snippet(openai, 'a"b')).toContain('model = "a\\"b"');
    expect(openai && snippet(openai, "m")).toContain('api_key = "env:OPENAI_API_KEY"');
  });
  it("begins with those whose key is there and unused; local ones need none", () => {
    const offers = [
      ...[offer("openai"), offer("groq", { found: true, configured: true }), offer("mistral", { found: true })],
      ...[offer("ollama", { key: null, local: true }), offer("github", { key: null })],
    ];
    expect(offered(offers).map(({ name, key }) => [name, key])).toEqual([
      ["mistral", "MISTRAL_API_KEY"],
      ["groq", "GROQ_API_KEY"],
      ["openai", "OPENAI_API_KEY"],
      ["ollama", null],
      ["github", "GITHUB_API_KEY"],
      ["custom", "MY_API_KEY"],
    ]);
    expect(unused(offers).map(({ name }) => name)).toEqual(["mistral"]);
  });
});
