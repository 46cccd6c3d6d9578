import type { SystemState } from "../../api/types";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { type Column, Table } from "../../ui/Table";
import { Budgets } from "./Budgets";

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
      <Budgets system={system} />
    </div>
  );
}
