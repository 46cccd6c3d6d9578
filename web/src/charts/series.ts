// What the time series wrapper draws, and the pure parts of drawing it.

export interface Line {
  label: string;
  /** CSS variable that holds the colour. */
  variable: string;
  dash?: number[] | undefined;
  values: (number | null)[];
  /** Shaded between these two, where both are known. */
  band?: { lower: (number | null)[]; upper: (number | null)[] } | undefined;
  /** Points that too few scores stand behind. */
  pale?: boolean[] | undefined;
}
export interface Mark {
  /** Seconds for vertical marks, a value for horizontal ones. */
  at: number;
  label: string;
  /** Said where there is no room for the label. */
  short?: string;
  variable: string;
  /** Its name gives way to the names of those that are not minor. */
  minor?: boolean;
}

/** On which side of its line each name stands, or `null` where it would cover another. The newest of those that matter come first. */
export function nameSides(marks: { x: number; width: number; minor?: boolean | undefined }[], left: number, right: number) {
  const sides: ("after" | "before" | null)[] = marks.map(() => null);
  const taken: [number, number][] = [];
  const order = marks
    .map((mark, i) => ({ ...mark, i }))
    .sort((a, b) => Number(a.minor ?? false) - Number(b.minor ?? false) || (a.minor ? a.x - b.x : b.x - a.x));
  for (const { x, width, i } of order) {
    const before = x + width > right;
    const [from, to] = before ? [x - width, x] : [x, x + width];
    if (from < left || taken.some(([a, b]) => from < b && a < to)) continue;
    taken.push([from, to]);
    sides[i] = before ? "before" : "after";
  }
  return sides;
}

/** Each series on top of those before it, as shares of the whole. A bucket without any is a gap. */
export function stackShares(rows: number[][]): (number | null)[][] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  const sums = Array.from({ length }, () => 0);
  const total = sums.map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0));
  return rows.map((row) =>
    sums.map((sum, i) => {
      const all = total[i] ?? 0;
      if (all === 0) return null;
      sums[i] = sum + (row[i] ?? 0);
      return (sums[i] ?? 0) / all;
    }),
  );
}

/** Each series on top of those before it, as amounts. */
export function stackSums(rows: number[][]): number[][] {
  const sums: number[] = [];
  return rows.map((row) =>
    row.map((value, i) => {
      sums[i] = (sums[i] ?? 0) + value;
      return sums[i] ?? 0;
    }),
  );
}

/** Where a series ends: its last known point, for a label beside it. */
export function lastKnown(values: (number | null)[]): { at: number; value: number } | null {
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i];
    if (value !== null && value !== undefined) return { at: i, value };
  }
  return null;
}
