import { linear } from "./scale";

/** Splits a series at its gaps: missing is never drawn as zero, nor bridged. */
export function runs(values: (number | null)[]): [number, number][][] {
  const out: [number, number][][] = [];
  let run: [number, number][] = [];
  values.forEach((value, i) => {
    if (value === null) {
      if (run.length > 0) out.push(run);
      run = [];
    } else run.push([i, value]);
  });
  if (run.length > 0) out.push(run);
  return out;
}

/** From the first value on: before it there was nothing to miss. */
export function begun(values: (number | null)[]): (number | null)[] {
  const first = values.findIndex((value) => value !== null);
  return first < 0 ? [] : values.slice(first);
}

/** A line without axes, beside the number that it belongs to. `zero` keeps the baseline at zero (money, counts). */
export function Spark({
  values: all,
  zero = false,
  muted = false,
  title,
  width = 88,
  height = 26,
}: {
  values: (number | null)[];
  zero?: boolean;
  muted?: boolean;
  /** Said where it is pointed at: how long one point lasts. */
  title?: string;
  width?: number;
  height?: number;
}) {
  const values = begun(all);
  const known = values.filter((value) => value !== null);
  // One value is no course of anything.
  if (known.length < 2) return null;
  const min = zero ? 0 : Math.min(...known);
  const max = Math.max(...known);
  const x = linear([0, Math.max(1, values.length - 1)], [2, width - 2]);
  const y = max === min ? () => (zero && max === 0 ? height - 3 : height / 2) : linear([min, max], [height - 3, 3]);
  return (
    <svg width={width} height={height} aria-hidden="true">
      {title ? <title>{title}</title> : null}
      {runs(values).map((run) => {
        const first = run[0];
        if (run.length === 1 && first)
          return <circle key={first[0]} cx={x(first[0])} cy={y(first[1])} r={2} fill={muted ? "var(--faint)" : "var(--accent)"} />;
        return (
          <polyline
            key={first?.[0]}
            points={run.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}
            fill="none"
            stroke={muted ? "var(--faint)" : "var(--accent)"}
            strokeWidth={1.5}
          />
        );
      })}
    </svg>
  );
}
