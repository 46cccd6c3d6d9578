import { Link } from "@tanstack/react-router";
import type { Deployment } from "../../api/types";
import { ms, percent, usd } from "../../lib/format";
import type { Column } from "../../ui/Table";
import { HealthDots } from "./HealthDots";
import { Standing, standing } from "./state";

export const columns: Column<Deployment>[] = [
  {
    key: "id",
    title: "Deployment",
    head: true,
    cell: (row) => (
      <Link to="/deployments" search={(before) => ({ ...before, open: row.id })} data-row className="mono">
        {row.id}
      </Link>
    ),
    value: (row) => row.id,
  },
  { key: "state", title: "State", cell: (row) => <Standing row={row} />, value: (row) => standing(row)[2] },
  { key: "dots", title: "Last 60 min", wide: true, cell: (row) => <HealthDots id={row.id} minutes={row.minutes} /> },
  { key: "errors", title: "Errors", numeric: true, cell: (row) => percent(row.error_share_1h), value: (row) => row.error_share_1h },
  { key: "p50", title: "p50", numeric: true, wide: true, cell: (row) => ms(row.p50_ms), value: (row) => row.p50_ms },
  { key: "p95", title: "p95", numeric: true, cell: (row) => ms(row.p95_ms), value: (row) => row.p95_ms },
  { key: "ttft", title: "TTFT", numeric: true, wide: "only", cell: (row) => ms(row.ttft_ms), value: (row) => row.ttft_ms },
  { key: "share", title: "Share", numeric: true, wide: "only", cell: (row) => percent(row.share_1h, 0), value: (row) => row.share_1h },
  { key: "cost", title: "Cost, 1 h", numeric: true, wide: "only", cell: (row) => usd(row.cost_1h_usd), value: (row) => row.cost_1h_usd },
  {
    key: "input",
    title: "In / 1 M",
    numeric: true,
    wide: true,
    cell: (row) => usd(row.price?.input_usd),
    value: (row) => row.price?.input_usd ?? null,
  },
  {
    key: "output",
    title: "Out / 1 M",
    numeric: true,
    wide: true,
    cell: (row) => usd(row.price?.output_usd),
    value: (row) => row.price?.output_usd ?? null,
  },
];
