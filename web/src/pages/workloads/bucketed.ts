// Turns the series of the API into what the charts draw.
import type { DeploymentSeries, Series } from "../../api/types";
import type { Line, Mark } from "../../charts/series";
import { stackShares } from "../../charts/series";
import { MIN_N_BUCKET, wilson } from "../../lib/bounds";
import { lookOf } from "../../lib/colours";
import { chartNames } from "../../lib/names";

const DIRECT = 6;

/** The middle of each bucket, in seconds. */
export function bucketTimes(series: Series): number[] {
  const start = Date.parse(series.start) / 1000;
  const length = series.deployments[0]?.requests.length ?? 0;
  return Array.from({ length }, (_, i) => start + (i + 0.5) * series.step_s);
}

/** What moved the route. Of a canary the word says enough; its steps give way to what decided. */
export function revisionMarks(series: Series): Mark[] {
  return series.events.map(({ at, label }) => ({
    at: Date.parse(at) / 1000,
    label: label.replace(/ c-[0-9a-z]+$/, ""),
    variable: "--muted",
    minor: !/^(promoted|rolled back|revised)\b/.test(label),
  }));
}

/** One line per deployment with scores, with its band and its thin buckets marked. */
export function qualityLines(series: Series): Line[] {
  const name = chartNames(series.deployments.map((row) => row.deployment));
  return series.deployments
    .filter((row) => row.quality.some((value) => value !== null))
    .map((row) => {
      const bounds = row.quality.map((value, i) => (value === null ? null : wilson(value, row.quality_n[i] ?? 0)));
      return {
        label: name(row.deployment),
        ...lookOf(row.deployment),
        values: row.quality,
        band: { lower: bounds.map((b) => b?.lower ?? null), upper: bounds.map((b) => b?.upper ?? null) },
        pale: row.quality_n.map((n) => n < MIN_N_BUCKET),
      };
    });
}

/** Shares of requests, stacked; beyond six deployments the smallest are drawn as one. */
export function shareLines(series: Series): Line[] {
  const name = chartNames(series.deployments.map((row) => row.deployment));
  const total = (row: DeploymentSeries) => row.requests.reduce((sum, n) => sum + n, 0);
  const used = series.deployments.filter((row) => total(row) > 0);
  const ranked = [...used].sort((a, b) => total(b) - total(a));
  const few = ranked.length > DIRECT ? ranked.slice(0, DIRECT - 1) : ranked;
  const named = used.filter((row) => few.includes(row));
  const others = used.filter((row) => !few.includes(row));
  const rows = named.map((row) => row.requests);
  if (others.length > 0) rows.push(others[0]?.requests.map((_, i) => others.reduce((sum, row) => sum + (row.requests[i] ?? 0), 0)) ?? []);
  return stackShares(rows).map((values, i) => {
    const row = named[i];
    return row
      ? { label: name(row.deployment), variable: lookOf(row.deployment).variable, values }
      : { label: "other", variable: "--s0", values };
  });
}
