import type { SystemState } from "../../api/types";
import { percent, usd } from "../../lib/format";
import { span } from "../../lib/time";
import { Card } from "../../ui/Card";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import { type Burn, forecast } from "./forecast";

type Budget = SystemState["budgets"][number];

const SAYS: Record<string, string> = { probes: "Golden probes", shadow: "Shadow answers" };
const name = (row: Budget) => `${SAYS[row.kind] ?? row.kind} on ${row.workload}`;
const used = (row: Burn) => (row.max_usd_per_day > 0 ? row.spent_usd / row.max_usd_per_day : 0);

const columns: Column<Budget>[] = [
  { key: "kind", title: "What weir asks by itself", head: true, cell: name, value: name },
  { key: "spent", title: "Spent, 24 h", numeric: true, cell: (row) => usd(row.spent_usd), value: (row) => row.spent_usd },
  { key: "most", title: "At most a day", numeric: true, cell: (row) => usd(row.max_usd_per_day), value: (row) => row.max_usd_per_day },
  { key: "used", title: "Used", cell: (row) => <Bar share={used(row)} />, value: used },
  { key: "pace", title: "Last hour", numeric: true, wide: true, cell: (row) => usd(row.last_hour_usd), value: (row) => row.last_hour_usd },
  { key: "forecast", title: "At this pace", cell: (row) => <Ahead row={row} />, value: (row) => forecast(row).kind },
];

/** What weir may spend by itself, how much of it is gone, and when the rest will be. */
export function Budgets({ system }: { system: SystemState }) {
  return (
    <Card title="Budgets" question="What may weir spend by itself, and does it last? Counted over the last 24 hours.">
      {system.budgets.length === 0 ? (
        <p className="muted">
          Nothing is asked by itself. Golden probes and shadows are set per workload in weir.toml, each with a <code>max_usd_per_day</code>.
        </p>
      ) : (
        <Table label="Budgets" columns={columns} rows={system.budgets} rowKey={(row) => `${row.kind}/${row.workload}`} />
      )}
    </Card>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <span className="row" style={{ gap: 8, flexWrap: "nowrap" }}>
      <svg width={72} height={8} aria-hidden="true">
        <rect width={72} height={8} fill="var(--line)" />
        <rect width={72 * Math.min(1, share)} height={8} fill={share >= 1 ? "var(--warn)" : "var(--s1)"} />
      </svg>
      <span className="muted">{percent(share, 0)}</span>
    </span>
  );
}

/** Whether a budget lasts; `spent` says what becomes of what would be more. */
export function Ahead({ row, spent = "spent; waits" }: { row: Burn; spent?: string }) {
  const ahead = forecast(row);
  if (ahead.kind === "spent")
    return (
      <Pill tone="warn" glyph="!">
        {spent}
      </Pill>
    );
  if (ahead.kind === "idle") return <span className="muted">nothing is spent</span>;
  if (ahead.kind === "holds") return <Pill tone="ok">holds, {usd(ahead.day_usd)} a day</Pill>;
  return (
    <Pill tone="warn" glyph="!">
      ends in {span(ahead.hours * 3600)}
    </Pill>
  );
}
