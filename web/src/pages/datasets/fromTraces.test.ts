import { describe, expect, it } from "vitest";
import { FIRST, filterOf, orderOf } from "./fromTraces";

describe("items from traces", () => {
  it("say which requests they are made of, as people write it", () => {
    expect(filterOf({ ...FIRST, status: "" })).toBe("");
    const pick = { ...FIRST, workload: "support desk", scorer: "tone", below: "0.4", more: "arm=candidate" };
    expect(filterOf(pick)).toBe("workload='support desk' and status=ok and score.tone<0.4 and arm=candidate");
  });

  it("are ordered in numbers, with nothing for what is left empty", () => {
    expect(orderOf({ ...FIRST, sample: "", hours: "24", stratify: "" })).toMatchObject({ sample: null, since_hours: 24, stratify: null });
  });
});
