import { useState } from "react";
import { MIN_N } from "../lib/bounds";
import { usd } from "../lib/format";
import { along, type Box, frontier, type FrontierPoint, place } from "./pareto";
import { apart, linear, log, logTicks, nice, ticks } from "./scale";
import { useWidth } from "./useWidth";

interface Props {
  points: FrontierPoint[];
  router: { cost: number; value: number } | null;
  floor: number | null;
  height?: number;
}
/** Up to so many points are all labelled. */
const DIRECT = 6;
const LEFT = 44;
const RIGHT = 76;
const TOP = 10;
const BOTTOM = 40;

/** Width of a label set in 11 px, near enough to keep labels apart. */
const textWidth = (text: string) => text.length * 6.3 + 2;

/** A tick of the axis of costs. */
function dollars(mark: number): string {
  if (mark >= 1) return usd(mark).replace(/\.0+$/, "");
  return mark < 1e-4 ? mark.toExponential() : `$${mark < 0.01 ? mark : mark.toFixed(2)}`;
}

/** Grade against cost: the frontier filled and joined, the beaten hollow, the router an accent diamond. */
export function Frontier({ points, router, floor, height = 300 }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>(520);
  const [hovered, setHovered] = useState<string | null>(null);
  const costs = [...points.map((p) => p.cost), ...(router ? [router.cost] : [])];
  const grades = [...points.flatMap((p) => [p.lower, p.upper]), ...(router ? [router.value] : []), ...(floor === null ? [] : [floor])];
  const [low, high] = [Math.min(...costs) / 1.6, Math.max(...costs) * 1.6];
  const [bottom, top] = nice(Math.min(...grades), Math.max(...grades));
  const range: [number, number] = [Math.max(0, bottom), Math.min(1, top)];
  const x = log([low, high], [LEFT, width - RIGHT]);
  const y = linear(range, [height - BOTTOM, TOP]);
  const line = frontier(points);
  const best = new Set(line.map((p) => p.label));
  const marks = ticks(range[0], range[1], 5);
  const decimals = marks.length > 1 && (marks[1] ?? 0) - (marks[0] ?? 0) < 0.0099 ? 3 : 2;
  // A few points are all named where there is room; of many only the frontier and what is pointed at.
  const beaten = points.filter((p) => !best.has(p.label) && (points.length <= DIRECT || p.label === hovered));
  const shown = [...line, ...beaten];
  const dots: Box[] = points.map((p) => ({ x: x(p.cost) - 6, y: y(p.value) - 6, width: 12, height: 12 }));
  const stems: Box[] = points.map((p) => ({ x: x(p.cost) - 1, y: y(p.upper), width: 2, height: y(p.lower) - y(p.upper) }));
  const wanted = [...(router ? [{ label: "router", cost: router.cost, value: router.value }] : []), ...shown].map((p) => ({
    label: p.label,
    x: x(p.cost),
    y: y(p.value),
    width: textWidth(p.label),
  }));
  const own: Box[] = router ? [{ x: x(router.cost) - 7, y: y(router.value) - 7, width: 14, height: 14 }] : [];
  const path = along(line.map((p) => ({ x: x(p.cost), y: y(p.value) })));
  const labels = place(wanted, [...dots, ...stems, ...own, ...path], { x: LEFT, y: 0, width: width - LEFT, height: height - BOTTOM });
  const radius = (n: number) => Math.min(7, 3.5 + Math.log10(Math.max(1, n)));
  return (
    <div ref={ref}>
      <svg width={width} height={height} aria-hidden="true">
        {marks.map((mark) => (
          <g key={mark}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} stroke="var(--line)" />
            <text x={LEFT - 6} y={y(mark) + 4} textAnchor="end">
              {mark.toFixed(decimals)}
            </text>
          </g>
        ))}
        {apart(logTicks(low, high), x, (mark) => textWidth(dollars(mark))).map((mark) => (
          <text key={mark} x={x(mark)} y={height - BOTTOM + 15} textAnchor="middle">
            {dollars(mark)}
          </text>
        ))}
        <text x={(LEFT + width - RIGHT) / 2} y={height - 6} textAnchor="middle">
          cost per 1 000 requests, USD (log)
        </text>
        {floor !== null ? (
          <g>
            <line x1={LEFT} x2={width - RIGHT} y1={y(floor)} y2={y(floor)} stroke="var(--warn)" strokeDasharray="5 3" />
            <text x={width - RIGHT + 4} y={y(floor) + 4} style={{ fill: "var(--warn-text)" }}>
              floor {floor}
            </text>
          </g>
        ) : null}
        <polyline points={line.map((p) => `${x(p.cost)},${y(p.value)}`).join(" ")} fill="none" stroke="var(--faint)" strokeWidth={1.25} />
        {points.map((p) => (
          <g key={p.label} opacity={p.n < MIN_N ? 0.45 : 1} onMouseEnter={() => setHovered(p.label)} onMouseLeave={() => setHovered(null)}>
            <title>{`${p.label}: ${p.value.toFixed(3)} (${p.lower.toFixed(3)} to ${p.upper.toFixed(3)}), n ${p.n}, ${usd(p.cost)} per 1 000`}</title>
            <line x1={x(p.cost)} x2={x(p.cost)} y1={y(p.lower)} y2={y(p.upper)} stroke="var(--text)" strokeWidth={1.25} />
            <circle
              cx={x(p.cost)}
              cy={y(p.value)}
              r={best.has(p.label) ? radius(p.n) : 4}
              fill={best.has(p.label) ? "var(--text)" : "var(--raised)"}
              stroke={best.has(p.label) ? "none" : "var(--faint)"}
            />
            <circle cx={x(p.cost)} cy={y(p.value)} r={12} fill="transparent" />
          </g>
        ))}
        {router ? (
          <path d={`M${x(router.cost)} ${y(router.value) - 7}l7 7l-7 7l-7 -7z`} fill="var(--accent)">
            <title>{`router: ${router.value.toFixed(3)} at ${usd(router.cost)} per 1 000`}</title>
          </path>
        ) : null}
        {labels.map((label) => (
          <text
            key={label.label}
            className="lab"
            x={label.x}
            y={label.y}
            textAnchor={label.anchor}
            fontWeight={label.label === "router" ? 600 : 400}
          >
            {label.label}
          </text>
        ))}
      </svg>
    </div>
  );
}
