import { linear } from "./scale";

interface Props {
  value: number;
  lower: number;
  upper: number;
  domain: [number, number];
  /** A reference drawn as a thin line: zero for differences, the floor for grades. */
  mark?: number | null;
  pale?: boolean;
  width?: number;
}

/** A band and its middle on one line. */
export function Interval({ value, lower, upper, domain, mark = null, pale = false, width = 130 }: Props) {
  const x = linear(domain, [4, width - 4]);
  const clip = (at: number) => Math.min(width - 2, Math.max(2, x(at)));
  return (
    <svg width={width} height={20} aria-hidden="true" opacity={pale ? 0.5 : 1}>
      {mark !== null ? <line x1={clip(mark)} x2={clip(mark)} y1={2} y2={18} stroke="var(--line-strong)" /> : null}
      <line x1={clip(lower)} x2={clip(upper)} y1={10} y2={10} stroke="var(--s1)" strokeOpacity={0.5} strokeWidth={5} />
      <circle cx={clip(value)} cy={10} r={3.5} fill="var(--s1)" />
    </svg>
  );
}
