import { MIN_N_BUCKET } from "../lib/bounds";
import { linear } from "./scale";
import { useWidth } from "./useWidth";

export interface CalibrationPoint {
  /** Mean grade of the judge, `0..=1`. */
  judge: number;
  people: { value: number; lower: number; upper: number; n: number };
}
const LEFT = 40;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 40;
const MARKS = [0, 0.25, 0.5, 0.75, 1];

/** People's grades against the judge's: on the diagonal both say the same. Points of few labels are pale. */
export function Calibration({ points, height = 300 }: { points: CalibrationPoint[]; height?: number }) {
  const [ref, width] = useWidth<HTMLDivElement>(420);
  const x = linear([0, 1], [LEFT, width - RIGHT]);
  const y = linear([0, 1], [height - BOTTOM, TOP]);
  const radius = (n: number) => Math.min(7, 3 + Math.log10(Math.max(1, n)) * 1.5);
  return (
    <div ref={ref}>
      <svg width={width} height={height} aria-hidden="true">
        {MARKS.map((mark) => (
          <g key={mark}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} stroke="var(--line)" />
            <text x={LEFT - 6} y={y(mark) + 4} textAnchor="end">
              {mark.toFixed(2)}
            </text>
            <text x={x(mark)} y={height - BOTTOM + 15} textAnchor="middle">
              {mark.toFixed(2)}
            </text>
          </g>
        ))}
        <text x={(LEFT + width - RIGHT) / 2} y={height - 6} textAnchor="middle">
          the judge&apos;s grade
        </text>
        <line x1={x(0)} x2={x(1)} y1={y(0)} y2={y(1)} stroke="var(--faint)" strokeDasharray="5 3" />
        <text className="lab" x={x(0.04)} y={TOP + 14}>
          too strict
        </text>
        <text className="lab" x={x(0.96)} y={y(0.03)} textAnchor="end">
          too kind
        </text>
        {points.map(({ judge, people }) => (
          <g key={judge} opacity={people.n < MIN_N_BUCKET ? 0.45 : 1}>
            <title>{`judge ${judge.toFixed(2)}, people ${people.value.toFixed(2)} (${people.lower.toFixed(2)} to ${people.upper.toFixed(2)}), n ${people.n}`}</title>
            <line x1={x(judge)} x2={x(judge)} y1={y(people.lower)} y2={y(people.upper)} stroke="var(--s1)" strokeWidth={1.5} />
            <circle cx={x(judge)} cy={y(people.value)} r={radius(people.n)} fill="var(--s1)" />
          </g>
        ))}
      </svg>
    </div>
  );
}
