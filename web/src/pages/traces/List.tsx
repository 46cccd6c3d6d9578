import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import type { TraceRow } from "../../api/types";
import { count } from "../../lib/format";
import { isRange, type Range } from "../../lib/time";
import { Failed, Skeleton } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { RangeSelect } from "../../ui/RangeSelect";
import { FirstRequest } from "../FirstRequest";
import { Filters } from "./Filters";
import { type Filter, merge } from "./filter";
import { exportTraces } from "./export";
import { tracesQuery } from "./queries";
import { Over } from "./Over";
import { Peek } from "./Peek";
import { Rows } from "./Rows";
import { Selected, toggled } from "./Selected";
import { useTail } from "./useTail";

const route = getRouteApi("/traces");
const NO_FILTER = {
  workload: undefined,
  deployment: undefined,
  status: undefined,
  origin: undefined,
  canary: undefined,
  since: undefined,
  until: undefined,
};

/** What happens right now, and what happened to each request. */
export default function List() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const filter: Filter = useMemo(
    () => ({
      workload: search.workload,
      deployment: search.deployment,
      status: search.status,
      origin: search.origin,
      canary: search.canary,
      since: search.since,
      until: search.until,
    }),
    [search.workload, search.deployment, search.status, search.origin, search.canary, search.since, search.until],
  );
  const on = search.live !== "off";
  const [reading, setReading] = useState(false);
  const [peek, setPeek] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const range: Range = isRange(search.range) ? search.range : "1h";
  const { tail, status } = useTail(filter, on, reading);
  const query = useInfiniteQuery(tracesQuery(filter));
  useEffect(() => {
    if (!on || status !== "polling" || reading) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: ["traces"] }), 5_000);
    return () => clearInterval(timer);
  }, [client, on, status, reading]);
  const stored = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const rows: TraceRow[] = useMemo(() => merge(tail.shown, stored), [tail.shown, stored]);
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const filtered = Object.values(filter).some(Boolean);
  const state = !on
    ? "Paused"
    : reading
      ? `Paused while you read, ${count(tail.waiting.length)} waiting`
      : status === "live"
        ? "Live"
        : status === "polling"
          ? "Every 5 s"
          : "Connecting";
  return (
    <>
      <PageHead title="Traces" sub="What happened to each request, newest first.">
        <RangeSelect range={range} onRange={(range) => set({ range, since: undefined, until: undefined })} />
        <button type="button" className="btn" aria-pressed={on} onClick={() => set({ live: on ? "off" : undefined })}>
          {on ? "Pause" : "Follow"}
        </button>
        <Link
          to="/datasets"
          search={{ from: "traces", workload: search.workload, deployment: search.deployment, status: search.status }}
          className="btn"
        >
          To a dataset…
        </Link>
        <button type="button" className="btn" data-export onClick={() => exportTraces(rows)}>
          Export CSV
        </button>
      </PageHead>
      <Filters filter={filter} set={set} />
      <Over filter={filter} range={range} set={set} />
      <p className="muted small" data-tail style={{ margin: "8px 0" }}>
        {state}. {count(rows.length)} rows
        {tail.dropped > 0 ? `, ${count(tail.dropped)} not shown because they came faster than the list moves` : ""}.
      </p>
      {query.error && !query.data ? <Failed error={query.error} retry={() => void query.refetch()} /> : null}
      {query.isPending ? <Skeleton height={400} /> : null}
      {query.data && rows.length === 0 ? (
        <div className="empty">
          <strong>{filtered ? "No request matches these filters" : "No requests yet"}</strong>
          {filtered ? (
            <button type="button" className="btn" onClick={() => set(NO_FILTER)}>
              Clear the filters
            </button>
          ) : (
            <>
              <p className="muted">This page listens and fills itself on the first request:</p>
              <FirstRequest workload={filter.workload ?? "default"} />
            </>
          )}
        </div>
      ) : null}
      {rows.length > 0 ? (
        <Rows
          rows={rows}
          onReading={setReading}
          onPeek={setPeek}
          selected={selected}
          onSelect={(span) => setSelected(toggled(selected, span))}
          more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
        />
      ) : null}
      {selected.size > 0 ? (
        <Selected rows={rows.filter((row) => selected.has(row.span_id))} onClear={() => setSelected(new Set())} />
      ) : null}
      {peek ? <Peek span={peek} onClose={() => setPeek(null)} /> : null}
    </>
  );
}
