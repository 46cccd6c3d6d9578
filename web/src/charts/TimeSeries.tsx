import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./uplot.css";
import { axisTime, hourMinuteSecond } from "../lib/time";
import { zoneName } from "../lib/zone";
import { useShade } from "../lib/theme";
import { paintLabels, paintMarks, paintPoints, paintStack, paintZero, paintZone } from "./paint";
import type { Line, Mark } from "./series";
import { useWidth } from "./useWidth";

export interface TimeSeriesProps {
  /** Seconds since 1970, ascending. */
  times: number[];
  lines: Line[];
  range: [number, number];
  format: (value: number) => string;
  floors?: Mark[];
  marks?: Mark[];
  /** Shades everything below this value as out of bounds. */
  below?: number | undefined;
  /** Draws columns, each line on top of the one before it. */
  stacked?: boolean;
  /** The last bucket is not over yet: its stretch is dashed. */
  partial?: boolean;
  labels?: boolean;
  height?: number;
}

/** The value of a CSS variable now, for the canvas. */
function paint(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

/** Room for the names of the lines: on a phone no more than they take. */
function gutter(lines: Line[], width: number): number {
  const letters = Math.max(0, ...lines.map((line) => line.label.length));
  return width < 480 ? Math.min(96, 24 + letters * 7) : 96;
}

function options(p: TimeSeriesProps, width: number, readout: HTMLElement): uPlot.Options {
  const axis = (size: number): Partial<uPlot.Axis> => ({
    stroke: paint("--muted"),
    font: `11px ${paint("--sans")}`,
    grid: { stroke: paint("--line"), width: 1 },
    ticks: { show: false },
    size,
    gap: 6,
  });
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const line of p.lines) {
    const colour = paint(line.variable);
    if (line.band) {
      const at = series.length;
      series.push(
        { show: true, stroke: "transparent", points: { show: false } },
        { show: true, stroke: "transparent", points: { show: false } },
      );
      bands.push({ series: [at + 1, at], fill: `${colour}24` });
    }
    series.push({
      label: line.label,
      pxAlign: 0,
      stroke: p.stacked ? "transparent" : colour,
      width: 1.75,
      points: { show: false },
      ...(line.dash ? { dash: line.dash } : {}),
    });
  }
  const whole = (p.times.at(-1) ?? 0) - (p.times[0] ?? 0);
  return {
    width,
    height: p.height ?? 220,
    // The names of marks stand above what is drawn.
    padding: [p.marks?.length ? 24 : 12, p.labels ? gutter(p.lines, width) : 30, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "page" }, drag: { setScale: false }, points: { size: 6 }, y: false },
    scales: { x: { time: true }, y: { range: () => p.range } },
    axes: [
      { ...axis(24), grid: { show: false }, space: whole <= 600 ? 58 : 64, values: (_, splits) => splits.map((at) => axisTime(at, whole)) },
      { ...axis(46), space: 34, values: (_, splits) => splits.map((value) => p.format(value)) },
    ],
    series,
    bands,
    hooks: {
      drawClear: [(u) => p.below !== undefined && shadeBelow(u, p.below), (u) => p.range[0] < 0 && p.range[1] > 0 && paintZero(u, paint)],
      draw: [
        (u) => {
          if (p.stacked) paintStack(u, p.lines, paint);
          paintMarks(u, p.floors ?? [], p.marks ?? [], paint);
          if (!p.stacked) paintPoints(u, p.lines, p.partial ?? false, paint);
          paintZone(u, zoneName(new Date((p.times.at(-1) ?? 0) * 1000)), paint);
          if (p.labels) paintLabels(u, p.lines, p.stacked ?? false, paint);
        },
      ],
      setCursor: [(u) => read(u, p, readout)],
    },
  };
}

function shadeBelow(u: uPlot, value: number) {
  const top = Math.max(u.bbox.top, u.valToPos(value, "y", true));
  u.ctx.save();
  u.ctx.fillStyle = paint("--bad-bg");
  u.ctx.fillRect(u.bbox.left, top, u.bbox.width, Math.max(0, u.bbox.top + u.bbox.height - top));
  u.ctx.restore();
}

function read(u: uPlot, p: TimeSeriesProps, readout: HTMLElement) {
  const at = u.cursor.idx;
  const time = at === null || at === undefined ? undefined : p.times[at];
  if (at === null || at === undefined || time === undefined) {
    readout.textContent = "\u00a0";
    return;
  }
  const parts = p.lines.map((line, i) => {
    const value = line.values[at] ?? null;
    const under = p.stacked && i > 0 ? (p.lines[i - 1]?.values[at] ?? 0) : 0;
    const band = line.band
      ? ` (${[line.band.lower[at], line.band.upper[at]].map((v) => (v === null || v === undefined ? "–" : p.format(v))).join(" to ")})`
      : "";
    return `${line.label} ${value === null ? "–" : p.format(value - under) + band}`;
  });
  readout.textContent = `${hourMinuteSecond(time)} ${zoneName(new Date(time * 1000))}  ${parts.join("  ")}`;
}

/** A time series on uPlot. Colours are read from the theme; labels stand beside the lines; gaps stay gaps. */
export function TimeSeries(props: TimeSeriesProps) {
  const [box, width] = useWidth<HTMLDivElement>(0);
  const plot = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const shade = useShade();
  const { times, lines, range, format, floors, marks, below, stacked, partial, labels, height } = props;
  useEffect(() => {
    if (!plot.current || !readout.current || width === 0) return;
    const props = { times, lines, range, format, floors, marks, below, stacked, partial, labels, height } as TimeSeriesProps;
    const columns = lines.flatMap((line) => (line.band ? [line.band.lower, line.band.upper, line.values] : [line.values]));
    const chart = new uPlot(options(props, width, readout.current), [times, ...columns] as uPlot.AlignedData, plot.current);
    return () => chart.destroy();
  }, [times, lines, range, format, floors, marks, below, stacked, partial, labels, height, width, shade]);
  return (
    <div ref={box} aria-hidden="true">
      <div ref={plot} style={{ height: height ?? 220 }} />
      <div ref={readout} className="readout muted small">
        {"\u00a0"}
      </div>
    </div>
  );
}
