import { type PointerEvent, useRef, useState } from "react";
import { count } from "../lib/format";
import css from "./Histogram.module.css";
import { linear, roundTimes, ticks } from "./scale";
import { useWidth } from "./useWidth";

interface Props {
  /** Where the first bar begins, in seconds since 1970. */
  start: number;
  /** Width of a bar in seconds. */
  step: number;
  /** Stacked from below; the colour is a CSS variable. */
  layers: { label: string; variable: string; values: number[] }[];
  /** What is chosen, in seconds since 1970. */
  chosen: [number, number] | null;
  onChoose: (range: [number, number] | null) => void;
  time: (seconds: number) => string;
  height?: number;
}
const LEFT = 40;
const BOTTOM = 18;
/** What a time takes on the axis, px. */
const ROOM = 34;

/** Bars of counts over time. Dragging over them chooses a range; a click without a drag lets go of it. */
export function Histogram({ start, step, layers, chosen, onChoose, time, height = 92 }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const from = useRef<number | null>(null);
  const bars = layers[0]?.values.length ?? 0;
  const totals = Array.from({ length: bars }, (_, i) => layers.reduce((sum, layer) => sum + (layer.values[i] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const x = linear([0, bars], [LEFT, width - 2]);
  const y = linear([0, most], [height - BOTTOM, 6]);
  const at = (event: PointerEvent) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const bar = ((event.clientX - left - LEFT) / (width - 2 - LEFT)) * bars;
    return Math.min(bars, Math.max(0, bar));
  };
  const seconds = ([a, b]: [number, number]): [number, number] => [
    start + Math.floor(Math.min(a, b)) * step,
    start + Math.ceil(Math.max(a, b)) * step,
  ];
  const down = (event: PointerEvent) => {
    from.current = at(event);
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => from.current !== null && setDrag([from.current, at(event)]);
  const up = (event: PointerEvent) => {
    const begun = from.current;
    from.current = null;
    setDrag(null);
    if (begun === null) return;
    const end = at(event);
    onChoose(Math.abs(end - begun) < 0.3 ? null : seconds([begun, end]));
  };
  const shown = drag ? seconds(drag) : chosen;
  const edge = (second: number) => x((second - start) / step);
  const times = roundTimes(start, start + bars * step, Math.max(2, Math.floor(width / 110)));
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={height}
        className={css.bars}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        aria-hidden="true"
        data-histogram
      >
        {ticks(0, most, 2)
          .filter((mark) => Number.isInteger(mark))
          .map((mark) => (
            <g key={mark}>
              <line x1={LEFT} x2={width - 2} y1={y(mark)} y2={y(mark)} stroke="var(--line)" />
              <text x={LEFT - 5} y={y(mark) + 4} textAnchor="end">
                {count(mark)}
              </text>
            </g>
          ))}
        {totals.map((total, i) => {
          let under = 0;
          if (total === 0) return null;
          return (
            <g key={start + i * step}>
              <title>{`${time(start + i * step)}: ${layers.map((layer) => `${layer.values[i] ?? 0} ${layer.label}`).join(", ")}`}</title>
              {layers.map((layer) => {
                const value = layer.values[i] ?? 0;
                const top = y(under + value);
                const rect = (
                  <rect
                    key={layer.label}
                    x={x(i) + 0.5}
                    width={Math.max(1, x(i + 1) - x(i) - 1)}
                    y={top}
                    height={Math.max(0, y(under) - top)}
                    fill={`var(${layer.variable})`}
                  />
                );
                under += value;
                return rect;
              })}
            </g>
          );
        })}
        {times.map((second) => (
          <text key={second} x={Math.min(edge(second), width - ROOM)} y={height - 4}>
            {time(second)}
          </text>
        ))}
        {shown ? (
          <rect
            x={Math.max(LEFT, edge(shown[0]))}
            width={Math.max(1, Math.min(width - 2, edge(shown[1])) - Math.max(LEFT, edge(shown[0])))}
            y={2}
            height={height - BOTTOM - 2}
            className={css.chosen}
          />
        ) : null}
      </svg>
    </div>
  );
}
