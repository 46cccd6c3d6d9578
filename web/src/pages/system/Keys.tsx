import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CostRow, SystemState } from "../../api/types";
import { compact, count, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { type Column, Table } from "../../ui/Table";
import { costTableQuery } from "../cost/queries";
import { Ahead, Budgets } from "./Budgets";
import { type Burn, forecast } from "./forecast";

const FIRST = `[keys.dev]
secret = "env:WEIR_KEY"
grant = "caller"
max_usd_per_day = 5.0`;

type Key = SystemState["keys"][number];
interface Row extends Key {
  day: CostRow | undefined;
  hour: CostRow | undefined;
}

const columns: Column<Row>[] = [
  { key: "name", title: "Key", head: true, cell: (row) => row.name, value: (row) => row.name },
  {
    key: "grant",
    title: "Opens",
    wide: true,
    cell: (row) => (row.grant === "admin" ? "requests and this dashboard" : "requests only"),
    value: (row) => row.grant,
  },
  {
    key: "workloads",
    title: "Workloads",
    wide: true,
    cell: (row) => row.workloads?.join(", ") ?? "all",
    value: (row) => row.workloads?.join(" ") ?? "all",
  },
  {
    key: "requests",
    title: "Requests, 24 h",
    numeric: true,
    cell: (row) => compact(row.day?.requests ?? 0),
    value: (row) => row.day?.requests ?? 0,
  },
  {
    key: "tokens",
    title: "Tokens",
    numeric: true,
    wide: true,
    cell: (row) => compact((row.day?.input_tokens ?? 0) + (row.day?.output_tokens ?? 0)),
    value: (row) => (row.day?.input_tokens ?? 0) + (row.day?.output_tokens ?? 0),
  },
  {
    key: "hour",
    title: "Last hour",
    numeric: true,
    wide: true,
    cell: (row) => usd(row.hour?.cost_usd ?? 0),
    value: (row) => row.hour?.cost_usd ?? 0,
  },
  { key: "spent", title: "Spent, 24 h", numeric: true, cell: (row) => usd(row.day?.cost_usd ?? 0), value: (row) => row.day?.cost_usd ?? 0 },
  {
    key: "budget",
    title: "At most a day",
    numeric: true,
    wide: true,
    cell: (row) => (row.max_usd_per_day === null ? <span className="muted">no limit</span> : usd(row.max_usd_per_day)),
    value: (row) => row.max_usd_per_day,
  },
  {
    key: "ahead",
    title: "At this pace",
    cell: (row) => (row.max_usd_per_day === null ? "" : <Ahead row={burn(row, row.max_usd_per_day)} spent="spent; refused" />),
    value: (row) => (row.max_usd_per_day === null ? null : forecast(burn(row, row.max_usd_per_day)).kind),
  },
];

function burn(row: Row, most: number): Burn {
  return { max_usd_per_day: most, spent_usd: row.day?.cost_usd ?? 0, last_hour_usd: row.hour?.cost_usd ?? 0 };
}

/** Who may call, what each has spent, and what weir may spend by itself. */
export function Keys({ system }: { system: SystemState }) {
  const day = useQuery(costTableQuery({ by: "key" }, "24h")).data?.rows;
  const hour = useQuery(costTableQuery({ by: "key" }, "1h")).data?.rows;
  const of = (rows: CostRow[] | undefined, name: string) => rows?.find((row) => row.group === name);
  const rows: Row[] = system.keys.map((key) => ({ ...key, day: of(day, key.name), hour: of(hour, key.name) }));
  const open = of(day, OPEN);
  return (
    <div className="grid">
      <Card
        title="Keys"
        question="Who may call, and what has each spent of its budget? Secrets are in the environment or in files, never here."
        tools={
          <Link to="/cost" search={{ by: "key" }} className="btn">
            Cost by key
          </Link>
        }
      >
        {rows.length === 0 ? (
          <div className="empty">
            <p>
              There is no key: whoever can connect from this machine is admin, and weir listens on loopback only.{" "}
              {open ? `${count(open.requests)} requests came that way in 24 h, for ${usd(open.cost_usd)}. ` : ""}Make the first one:
            </p>
            <Copy label="Configuration to copy" text={FIRST} />
          </div>
        ) : (
          <Table label="Keys" columns={columns} rows={rows} rowKey={(row) => row.name} />
        )}
      </Card>
      <Budgets system={system} />
    </div>
  );
}

/** The caller's name while no key is configured. */
const OPEN = "local";
