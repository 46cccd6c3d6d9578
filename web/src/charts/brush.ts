// A stretch of bars chosen by keys, as dragging chooses it by the pointer.

export interface Bars {
  /** Where the first one begins, in seconds. */
  start: number;
  /** Width of one, in seconds. */
  step: number;
  count: number;
}
export type Stretch = [number, number];

/**
 * Arrows choose the outermost bar, then move what is chosen; with Shift they widen it that way. Escape lets go (`null`).
 * `undefined` for every other key.
 */
export function brushed(chosen: Stretch | null, key: string, shift: boolean, { start, step, count }: Bars): Stretch | null | undefined {
  if (key === "Escape") return chosen ? null : undefined;
  const by = key === "ArrowRight" ? step : key === "ArrowLeft" ? -step : 0;
  if (by === 0 || count === 0) return undefined;
  const end = start + count * step;
  if (!chosen) return by < 0 ? [end - step, end] : [start, start + step];
  const [from, to] = chosen;
  if (shift) return by < 0 ? [Math.max(start, from + by), to] : [from, Math.min(end, to + by)];
  const moved = Math.min(end - to, Math.max(start - from, by));
  return [from + moved, to + moved];
}
