import { useQuery } from "@tanstack/react-query";
import type { JobList, SystemState } from "../../api/types";
import { bytes, count, plural } from "../../lib/format";
import { span } from "../../lib/time";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import { deadJobsQuery } from "./queries";

/** A due job that waits longer than this means that workers cannot keep up. */
const LATE_S = 60;

const columns: Column<JobList["items"][number]>[] = [
  { key: "kind", title: "Kind", head: true, cell: (row) => row.kind },
  { key: "attempts", title: "Tries", numeric: true, cell: (row) => `${row.attempts} of ${row.max_attempts}` },
  { key: "error", title: "What it failed with", cell: (row) => row.error ?? "–" },
  { key: "at", title: "Queued", numeric: true, wide: true, cell: (row) => (row.created_at ? <Ago at={row.created_at} /> : "–") },
];

export function State({ system }: { system: SystemState }) {
  return (
    <div className="grid">
      <div className="grid even" style={{ marginBottom: 0 }}>
        <Queue queue={system.queue} />
        <Store system={system} />
      </div>
      <DeadJobs />
    </div>
  );
}

function Queue({ queue }: { queue: SystemState["queue"] }) {
  const late = queue.lag_s > LATE_S;
  return (
    <Card title="Job queue" question="Do scores come in time?">
      <dl className="facts">
        <dt>Lag</dt>
        <dd>
          {late ? (
            <Pill tone="warn" glyph="!">
              {span(queue.lag_s)} behind
            </Pill>
          ) : (
            <Pill tone="ok">Keeps up</Pill>
          )}{" "}
          {late ? <span className="muted">The oldest due job waits that long. A slow judge is the usual cause: see Scorers.</span> : null}
        </dd>
        <dt>Waiting</dt>
        <dd>{count(queue.ready)}</dd>
        <dt>At a worker</dt>
        <dd>{count(queue.running)}</dd>
        <dt>To be tried again</dt>
        <dd>{count(queue.failed)}</dd>
        <dt>Given up</dt>
        <dd>{queue.dead === 0 ? "none" : <span className="bad">{count(queue.dead)}</span>}</dd>
      </dl>
    </Card>
  );
}

function Store({ system: { store, schema, uptime_s } }: { system: SystemState }) {
  return (
    <Card title="Store" question="How much is kept, and since when?">
      <dl className="facts">
        <dt>Database</dt>
        <dd>
          {bytes(store.bytes)}
          {store.free_bytes > 0 ? <span className="muted">, {bytes(store.free_bytes)} of it free for new rows</span> : null}
        </dd>
        <dt>Requests stored</dt>
        <dd>{count(store.spans)}</dd>
        <dt>Scores stored</dt>
        <dd>{count(store.scores)}</dd>
        <dt>Kept since</dt>
        <dd>{store.oldest_span_at ? <Ago at={store.oldest_span_at} words /> : "nothing is stored yet"}</dd>
        <dt>Retention</dt>
        <dd className="muted">Requests and scores are kept until the data folder is removed; finished jobs are forgotten by themselves.</dd>
        <dt>Schema</dt>
        <dd>revision {schema}</dd>
        <dt>Up for</dt>
        <dd>{span(Math.max(uptime_s, 5))}</dd>
      </dl>
    </Card>
  );
}

function DeadJobs() {
  const query = useQuery(deadJobsQuery);
  return (
    <Card
      title="Failures"
      question="Which jobs were given up, and why? The score, answer or news each was for is missing until it is retried."
    >
      <Loaded query={query} height={80}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted">None. A job that fails is tried again; it comes here when its tries are spent.</p>
          ) : (
            <>
              <Table label="Jobs given up" columns={columns} rows={items} rowKey={(row) => row.id} />
              {items.length >= 100 ? <p className="muted small">The newest {plural(items.length, "job")}.</p> : null}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
