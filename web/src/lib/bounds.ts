// Bounds for a bucket of grades of which only the mean and the number are known. The spread is taken as that of
// pass/fail grades, the widest that grades in 0..=1 can have, so the band is never too narrow.

const Z = 1.28;

/** Wilson interval at z = 1.28, as wide as 90 % on each side. */
export function wilson(mean: number, n: number): { lower: number; upper: number } {
  if (n <= 0) return { lower: 0, upper: 1 };
  const z2 = Z * Z;
  const centre = (mean + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z / (1 + z2 / n)) * Math.sqrt((mean * (1 - mean)) / n + z2 / (4 * n * n));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/** Scores below which a figure is drawn pale. */
export const MIN_N = 30;
/** Scores in one bucket of a series below which it is drawn pale. */
export const MIN_N_BUCKET = 5;
