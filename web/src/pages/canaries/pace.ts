// How fast pairs come, from what was seen on the present step.
import type { CanaryPoint } from "../../api/types";

/** Pairs per second over the newest points of the present step; `null` while too few are known. */
export function pace(series: CanaryPoint[]): number | null {
  const last = series.at(-1);
  if (!last) return null;
  const own = series.filter((point) => point.step === last.step);
  const first = (own.length >= 3 ? own : series).at(-6) ?? (own.length >= 3 ? own : series)[0];
  if (!first) return null;
  const [pairs, seconds] = [last.pairs - first.pairs, (Date.parse(last.at) - Date.parse(first.at)) / 1000];
  return pairs > 0 && seconds > 0 ? pairs / seconds : null;
}

/** Seconds until so many more pairs have come. */
export function secondsLeft(series: CanaryPoint[], pairs: number | null): number | null {
  const rate = pace(series);
  return rate !== null && pairs !== null ? pairs / rate : null;
}
