// What spending is split by, as the URL has it, and the columns that are drawn of it.
import type { CostSeries } from "../../api/types";
import type { Line } from "../../charts/series";
import { look, lookOf } from "../../lib/colours";
import { ticks } from "../../charts/scale";

export interface Split {
  by: "workload" | "deployment" | "key" | "tag";
  tag?: string | undefined;
}
export const SPLITS: [Split["by"], string][] = [
  ["workload", "Workload"],
  ["deployment", "Deployment"],
  ["key", "Key"],
];
/** Groups drawn by name; the rest together is the last. */
const NAMED = 5;

/** `tag:team` of the URL as a split by that tag. */
export function splitOf(by: string | undefined): Split {
  if (by?.startsWith("tag:")) return { by: "tag", tag: by.slice(4) };
  return { by: SPLITS.find(([name]) => name === by)?.[0] ?? "workload" };
}

export function groupName(group: string, split: Split): string {
  if (group !== "") return group;
  return split.by === "tag" ? `no ${split.tag}` : split.by === "deployment" ? "nobody answered" : "none";
}

export interface Columns {
  times: number[];
  /** Each on top of those before it. */
  lines: Line[];
  /** The same, apart: for the table. */
  parts: { label: string; values: number[] }[];
  range: [number, number];
}

/** Spending per bucket as columns on top of each other. */
export function columns(series: CostSeries, split: Split): Columns {
  const start = Date.parse(series.start) / 1000;
  const buckets = series.best_usd.length;
  const times = Array.from({ length: buckets }, (_, i) => start + i * series.step_s);
  // What has cost nothing has no column and needs no name.
  const paid = series.groups.filter((line) => line.cost_usd.some((value) => value > 0));
  const named = paid.slice(0, paid.length > NAMED + 1 ? NAMED : NAMED + 1);
  const rest = paid.slice(named.length);
  const parts = named.map((line) => ({ label: groupName(line.group, split), values: line.cost_usd }));
  if (rest.length > 0) {
    const values = times.map((_, i) => rest.reduce((sum, line) => sum + (line.cost_usd[i] ?? 0), 0));
    parts.push({ label: `${rest.length} others`, values });
  }
  const sums = times.map(() => 0);
  const lines = parts.map(({ label, values }, i) => {
    const own = split.by === "deployment" ? lookOf(label) : look(i);
    return {
      label,
      variable: rest.length > 0 && i === parts.length - 1 ? "--s0" : own.variable,
      values: values.map((value, at) => (sums[at] = (sums[at] ?? 0) + value)),
    };
  });
  const most = Math.max(0, ...sums);
  const marks = ticks(0, most || 1, 4);
  const step = (marks[1] ?? 1) - (marks[0] ?? 0);
  return { times, lines, parts, range: [0, Math.ceil((most || 1) / step) * step] };
}
