import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditLog, EventKind } from "../../api/types";
import { count, plural } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, exportRows, Table } from "../../ui/Table";
import { EventPill } from "../words";
import { auditQuery } from "./queries";

type Row = AuditLog["items"][number];
const columns: Column<Row>[] = [
  {
    key: "seq",
    title: "#",
    numeric: true,
    wide: true,
    cell: (row) => <span className="muted">{count(row.seq)}</span>,
    value: (row) => row.seq,
  },
  { key: "at", title: "When", cell: (row) => <Ago at={row.at} />, value: (row) => row.at },
  { key: "kind", title: "What", cell: (row) => <EventPill kind={row.kind as EventKind} />, value: (row) => row.kind },
  {
    key: "canary",
    title: "Canary",
    wide: true,
    cell: (row) => (
      <Link to="/canaries/$id" params={{ id: row.canary }} data-row className="nowrap">
        {row.canary}
      </Link>
    ),
    value: (row) => row.canary,
  },
  { key: "workload", title: "Workload", wide: true, cell: (row) => row.workload, value: (row) => row.workload },
  { key: "actor", title: "By", wide: true, cell: (row) => row.actor, value: (row) => row.actor },
  { key: "reason", title: "Why", cell: (row) => row.reason, value: (row) => row.reason },
  {
    key: "hash",
    title: "Hash",
    wide: true,
    cell: (row) => <code className="muted">{row.hash.slice(0, 10)}</code>,
    value: (row) => row.hash,
  },
];

/** Who ordered what, and whether anybody changed the record since. */
export function Audit() {
  const query = useInfiniteQuery(auditQuery);
  const first = query.data?.pages[0];
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {first ? <Chain log={first} /> : null}
      <Card
        title="Audit log"
        question="Who moved traffic, when and why? Each row's hash covers the row before it."
        tools={
          rows.length > 0 ? (
            <button type="button" className="btn quiet" data-export onClick={() => exportRows("audit", columns, rows)}>
              Export CSV
            </button>
          ) : null
        }
      >
        <Loaded query={query} height={300}>
          {() =>
            rows.length === 0 ? (
              <p className="muted">Nothing has moved traffic yet.</p>
            ) : (
              <Table label="Audit log" columns={columns} rows={rows} rowKey={(row) => String(row.seq)} />
            )
          }
        </Loaded>
        {query.hasNextPage ? (
          <button type="button" className="btn" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Older
          </button>
        ) : null}
      </Card>
    </>
  );
}

function Chain({ log }: { log: AuditLog }) {
  if (log.events === 0) return null;
  const whole = log.broken_at === null;
  return (
    <div className={`banner ${whole ? "ok" : "bad"}`} role="status">
      <span className={whole ? "ok" : "bad"} aria-hidden="true">
        {whole ? "✓" : "✕"}
      </span>
      <p>
        <strong>{whole ? "The chain is whole." : `The chain breaks at row ${count(log.broken_at)}.`}</strong>{" "}
        {whole
          ? `${plural(log.events, "event")}; nobody changed, left out or put in one since. Keep the newest hash elsewhere and it vouches for all before it.`
          : "A row was changed, left out or put in later. Compare with a backup of the data folder."}
      </p>
      <code className="muted small">{log.head.slice(0, 16)}</code>
    </div>
  );
}
