import type { Candidate, Workload } from "../../api/types";
import { compact, ms } from "../../lib/format";
import { Card } from "../../ui/Card";
import { type Column, Table } from "../../ui/Table";

const columns: Column<Candidate>[] = [
  {
    key: "deployment",
    title: "Deployment",
    head: true,
    cell: (row) => <span className="mono">{row.deployment}</span>,
    value: (row) => row.deployment,
  },
  { key: "p50", title: "p50", numeric: true, cell: (row) => ms(row.p50_ms), value: (row) => row.p50_ms },
  { key: "p95", title: "p95", numeric: true, cell: (row) => ms(row.p95_ms), value: (row) => row.p95_ms },
  { key: "requests", title: "Requests, 24 h", numeric: true, cell: (row) => compact(row.requests), value: (row) => row.requests },
];

/** How fast each candidate answers this workload. */
export function SpeedTable({ workload }: { workload: Workload }) {
  return (
    <Card title="Latency by candidate" question="How long do callers wait? Whole answers of the last 24 h, within 1 %.">
      <Table label={`Latency of ${workload.id}`} columns={columns} rows={workload.candidates} rowKey={(row) => row.deployment} />
    </Card>
  );
}
