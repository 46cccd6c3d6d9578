// What the list shows: the parameters of the URL, applied by the server to pages and here to live rows.
import type { TraceRow } from "../../api/types";

export interface Filter {
  workload?: string | undefined;
  deployment?: string | undefined;
  status?: string | undefined;
  origin?: string | undefined;
  canary?: string | undefined;
  /** A chosen stretch, in seconds since 1970. */
  since?: string | undefined;
  until?: string | undefined;
}

/** The filter as the server wants it: times as numbers. */
export function asked({ since, until, ...rest }: Filter) {
  return { ...rest, since: since ? Number(since) : undefined, until: until ? Number(until) : undefined };
}

export function matches(row: TraceRow, { workload, deployment, status, origin, canary, since, until }: Filter): boolean {
  return (
    (!workload || row.workload === workload) &&
    (!deployment || row.deployment === deployment) &&
    (!status || row.status === status) &&
    (!origin || row.origin === origin) &&
    (!canary || row.canary === canary) &&
    (!since || Date.parse(row.started_at) >= Number(since) * 1000) &&
    (!until || Date.parse(row.started_at) < Number(until) * 1000)
  );
}

/** Live rows can only meet the newest stored ones: no need to look at all of a long list four times a second. */
const HEAD = 1_000;

/** Live rows before stored ones, newest first, each span once. A later copy of a span (with its score) replaces the earlier. */
export function merge(live: TraceRow[], stored: TraceRow[]): TraceRow[] {
  if (live.length === 0) return stored;
  const seen = new Map<string, TraceRow>();
  for (const row of stored.slice(0, HEAD)) seen.set(row.span_id, row);
  for (const row of live) {
    const known = seen.get(row.span_id);
    if (!known || (known.score === null && row.score !== null)) seen.set(row.span_id, row);
  }
  const head = [...seen.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : 0));
  return stored.length > HEAD ? head.concat(stored.slice(HEAD)) : head;
}
