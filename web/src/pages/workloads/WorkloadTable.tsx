import { Link } from "@tanstack/react-router";
import type { WorkloadRow } from "../../api/types";
import { change, compact, count, ms, threshold, usd } from "../../lib/format";
import { Grade } from "../../ui/Figure";
import { type Column } from "../../ui/Table";
import { WorkloadPill } from "../words";

/** One row of this is a workload's whole state; the first page and the list show the same. */
export const workloadColumns: Column<WorkloadRow>[] = [
  {
    key: "workload",
    title: "Workload",
    head: true,
    cell: (row) => (
      <Link to="/workloads/$id" params={{ id: row.id }} data-row>
        {row.id}
      </Link>
    ),
    value: (row) => row.id,
  },
  {
    key: "strategy",
    title: "Strategy",
    wide: true,
    cell: (row) => <span className="muted">{row.strategy}</span>,
    value: (row) => row.strategy,
  },
  {
    key: "quality",
    title: "Quality",
    numeric: true,
    cell: (row) => <Grade figure={row.quality} />,
    value: (row) => row.quality?.value ?? null,
  },
  {
    key: "floor",
    title: "Floor",
    numeric: true,
    wide: true,
    cell: (row) => threshold(row.floor),
    value: (row) => row.floor,
  },
  {
    key: "scores",
    title: "Scores",
    numeric: true,
    wide: true,
    cell: (row) => count(row.quality?.n ?? 0),
    value: (row) => row.quality?.n ?? 0,
  },
  { key: "cost", title: "Cost / 1 k", numeric: true, cell: (row) => usd(row.cost_per_1k_usd), value: (row) => row.cost_per_1k_usd },
  {
    key: "vs_best",
    title: "vs best model",
    numeric: true,
    wide: true,
    cell: (row) => <span className={row.vs_best !== null && row.vs_best <= -0.005 ? "ok" : "muted"}>{change(row.vs_best)}</span>,
    value: (row) => row.vs_best,
  },
  { key: "p95", title: "p95", numeric: true, wide: true, cell: (row) => ms(row.p95_ms), value: (row) => row.p95_ms },
  { key: "requests", title: "Requests", numeric: true, wide: true, cell: (row) => compact(row.requests), value: (row) => row.requests },
  { key: "state", title: "State", cell: (row) => <WorkloadPill state={row.state} />, value: (row) => row.state },
];
