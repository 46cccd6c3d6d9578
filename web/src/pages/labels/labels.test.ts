import { describe, expect, it } from "vitest";
import { judgesOf } from "./judges";

describe("labels", () => {
  it("are asked for of judges alone", () => {
    const row = (key: string, value: string) => ({ key, value, origin: "default" });
    const config = [
      row("scorers.tone.kind", '"judge"'),
      row("scorers.exact.kind", '"exact_match"'),
      row('scorers."is kind".kind', '"judge"'),
    ];
    expect(judgesOf(config)).toEqual(["tone", "is kind"]);
  });
});
