// What the list shows: the parameters of the URL, applied by the server to pages and here to live rows.
import type { TraceRow } from "../../api/types";

export interface Filter {
  workload?: string | undefined;
  deployment?: string | undefined;
  status?: string | undefined;
  origin?: string | undefined;
  canary?: string | undefined;
}

export function matches(row: TraceRow, { workload, deployment, status, origin, canary }: Filter): boolean {
  return (
    (!workload || row.workload === workload) &&
    (!deployment || row.deployment === deployment) &&
    (!status || row.status === status) &&
    (!origin || row.origin === origin) &&
    (!canary || row.canary === canary)
  );
}

/** Live rows before stored ones, newest first, each span once. A later copy of a span (with its score) replaces the earlier. */
export function merge(live: TraceRow[], stored: TraceRow[]): TraceRow[] {
  const seen = new Map<string, TraceRow>();
  for (const row of stored) seen.set(row.span_id, row);
  for (const row of live) {
    const known = seen.get(row.span_id);
    if (!known || (known.score === null && row.score !== null)) seen.set(row.span_id, row);
  }
  return [...seen.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : 0));
}
