import { useQuery } from "@tanstack/react-query";
import type { ConfigRow, Workload } from "../../api/types";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, Table } from "../../ui/Table";
import { configQuery } from "../system/queries";
import { Graders } from "./Graders";

/** The rows of one workload, with the workload's own prefix left out. Names with dots are quoted in the keys. */
export function rowsOf(items: ConfigRow[], workload: string): ConfigRow[] {
  const prefixes = [`workloads.${workload}.`, `workloads.${JSON.stringify(workload)}.`];
  return items.flatMap((row) => {
    const prefix = prefixes.find((each) => row.key.startsWith(each));
    return prefix ? [{ ...row, key: row.key.slice(prefix.length) }] : [];
  });
}
const columns: Column<ConfigRow>[] = [
  { key: "key", title: "Setting", head: true, cell: (row) => <span className="mono">{row.key}</span>, value: (row) => row.key },
  { key: "value", title: "Value", cell: (row) => <code>{row.value}</code>, value: (row) => row.value },
  {
    key: "origin",
    title: "Set by",
    wide: true,
    cell: (row) => <span className={row.origin === "default" ? "muted" : undefined}>{row.origin}</span>,
    value: (row) => row.origin,
  },
];

/** What is configured for a workload, and who grades it. */
export function Settings({ workload }: { workload: Workload }) {
  const query = useQuery(configQuery);
  return (
    <div className="grid">
      <Card title="Scorers" question="Who grades its answers? The first decides unless another is named as quality.">
        <Graders workload={workload} />
      </Card>
      <Card title="Settings" question="What holds, and who set it? Change it in weir.toml; the file is read again by itself.">
        <Loaded query={query} height={200}>
          {({ items }) => {
            const rows = rowsOf(items, workload.id);
            return rows.length === 0 ? (
              <p className="muted">Everything is at its default.</p>
            ) : (
              <Table label={`Settings of ${workload.id}`} columns={columns} rows={rows} rowKey={(row) => row.key} />
            );
          }}
        </Loaded>
      </Card>
    </div>
  );
}
