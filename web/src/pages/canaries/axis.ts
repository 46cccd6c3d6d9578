// The axis of the difference: what could decide is in the picture, what is far outside of it is not.
import type { CanaryPoint } from "../../api/types";
import { nice } from "../../charts/scale";

/** Bounds farther out than this are cut, unless the difference itself is large. */
const WIDEST = 0.35;

/** Covers zero, the margin, every difference after the first quarter, and their bounds as far as they are near. */
export function axis(series: CanaryPoint[], margin: number): [number, number] {
  const later = series.slice(Math.floor(series.length / 4)).filter((point) => point.pairs > 0);
  const deltas = later.map((point) => point.delta);
  const near = Math.max(WIDEST, ...deltas.map((delta) => Math.abs(delta) * 1.3));
  const bounds = later.flatMap((point) => [point.lower, point.upper]).filter((value) => Math.abs(value) <= near);
  const ends = [...deltas, ...bounds];
  const [low, high] = nice(Math.min(-margin * 2, ...ends), Math.max(margin, ...ends));
  return [Math.max(-1, low), Math.min(1, high)];
}
