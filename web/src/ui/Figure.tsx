import { MIN_N } from "../lib/bounds";
import { count, grade, halfWidth, NONE } from "../lib/format";

/** `0.904 ±0.011`: a measured grade with its bounds; muted while too few scores stand behind it. */
export function Grade({ figure, n = false }: { figure: { value: number; lower: number; upper: number; n: number } | null; n?: boolean }) {
  if (!figure || figure.n === 0) return <span className="muted">{NONE}</span>;
  const title = `between ${grade(figure.lower)} and ${grade(figure.upper)}, ${count(figure.n)} scores`;
  return (
    <span className="nowrap" title={title}>
      <span className={figure.n < MIN_N ? "muted" : undefined}>{grade(figure.value)}</span>{" "}
      <span className="muted half">
        {halfWidth(figure)}
        {n ? `, n ${count(figure.n)}` : ""}
      </span>
    </span>
  );
}
