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
