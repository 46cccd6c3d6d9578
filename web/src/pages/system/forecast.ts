// Where a budget is heading: what the last hour spent, carried on.

export interface Burn {
  max_usd_per_day: number;
  /** In the last 24 hours. */
  spent_usd: number;
  last_hour_usd: number;
}
export type Forecast = { kind: "idle" } | { kind: "spent" } | { kind: "holds"; day_usd: number } | { kind: "ends"; hours: number };

/** At the pace of the last hour: it ends within a day, or it holds and a whole day costs so much. */
export function forecast({ max_usd_per_day, spent_usd, last_hour_usd }: Burn): Forecast {
  if (spent_usd >= max_usd_per_day) return { kind: "spent" };
  if (last_hour_usd <= 0) return { kind: "idle" };
  const day = last_hour_usd * 24;
  // Spending of a day ago leaves the day as fast as new spending enters it, at most.
  if (day <= max_usd_per_day) return { kind: "holds", day_usd: day };
  return { kind: "ends", hours: (max_usd_per_day - spent_usd) / last_hour_usd };
}
