import type { SystemState } from "../../api/types";
import { percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";

const FIRST = `[keys.dev]
secret = "env:WEIR_KEY"
grant = "caller"`;

const keys: Column<SystemState["keys"][number]>[] = [
  { key: "name", title: "Key", head: true, cell: (row) => row.name, value: (row) => row.name },
  {
    key: "grant",
    title: "Opens",
    cell: (row) => (row.grant === "admin" ? "requests and this dashboard" : "requests only"),
    value: (row) => row.grant,
  },
  {
    key: "workloads",
    title: "Workloads",
    cell: (row) => row.workloads?.join(", ") ?? "all",
    value: (row) => row.workloads?.join(" ") ?? "all",
  },
];
const SAYS: Record<string, string> = { probes: "Golden probes", shadow: "Shadow answers" };
const budgets: Column<SystemState["budgets"][number]>[] = [
  { key: "kind", title: "What weir asks by itself", head: true, cell: (row) => `${SAYS[row.kind] ?? row.kind} on ${row.workload}` },
  { key: "spent", title: "Spent, 24 h", numeric: true, cell: (row) => usd(row.spent_usd) },
  { key: "most", title: "At most a day", numeric: true, cell: (row) => usd(row.max_usd_per_day) },
  {
    key: "used",
    title: "Used",
    cell: (row) => {
      const used = row.max_usd_per_day > 0 ? row.spent_usd / row.max_usd_per_day : 0;
      return used >= 1 ? (
        <Pill tone="warn" glyph="!">
          Spent; waits
        </Pill>
      ) : (
        <span className="muted">{percent(used, 0)}</span>
      );
    },
  },
];

/** Who may call, and what weir may spend by itself. */
export function Keys({ system }: { system: SystemState }) {
  return (
    <div className="grid">
      <Card title="Keys" question="Who may call? Secrets are in the environment or in files, never here.">
        {system.keys.length === 0 ? (
          <div className="empty">
            <p>There is no key: whoever can connect from this machine is admin, and weir listens on loopback only. Make the first one:</p>
            <Copy label="Configuration to copy" text={FIRST} />
          </div>
        ) : (
          <Table label="Keys" columns={keys} rows={system.keys} rowKey={(row) => row.name} />
        )}
      </Card>
      <Card title="Budgets" question="What may weir spend by itself?">
        {system.budgets.length === 0 ? (
          <p className="muted">
            Nothing is asked by itself. Golden probes and shadows are set per workload in weir.toml, each with a{" "}
            <code>max_usd_per_day</code>.
          </p>
        ) : (
          <Table label="Budgets" columns={budgets} rows={system.budgets} rowKey={(row) => `${row.kind}/${row.workload}`} />
        )}
      </Card>
    </div>
  );
}
