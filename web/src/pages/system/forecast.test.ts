import { describe, expect, it } from "vitest";
import { forecast } from "./forecast";

describe("a budget", () => {
  const burn = (spent_usd: number, last_hour_usd: number) => forecast({ max_usd_per_day: 24, spent_usd, last_hour_usd });
  it("is carried on at the pace of the last hour", () => {
    expect(burn(24, 1)).toEqual({ kind: "spent" });
    expect(burn(3, 0)).toEqual({ kind: "idle" });
    expect(burn(20, 0.5)).toEqual({ kind: "holds", day_usd: 12 });
    expect(burn(20, 2)).toEqual({ kind: "ends", hours: 2 });
  });
});
