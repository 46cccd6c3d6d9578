import { Link } from "@tanstack/react-router";
import type { RunRow } from "../../api/types";
import { usd } from "../../lib/format";
import { chartNames } from "../../lib/names";
import { Ago } from "../../ui/Ago";
import type { Column } from "../../ui/Table";
import { progress, RunState } from "./words";

export const columns: Column<RunRow>[] = [
  {
    key: "run",
    title: "Run",
    head: true,
    cell: (row) => (
      <Link to="/runs/$id" params={{ id: row.id }} data-row>
        {row.suite} <span className="muted mono">{row.id}</span>
      </Link>
    ),
    value: (row) => row.id,
  },
  { key: "state", title: "State", cell: (row) => <RunState run={row} />, value: (row) => row.verdict ?? row.status },
  {
    key: "arms",
    title: "Who answers",
    wide: true,
    cell: (row) => row.arms.map(chartNames(row.arms)).join(", "),
    value: (row) => row.arms.join(" "),
  },
  {
    key: "dataset",
    title: "Dataset",
    wide: true,
    cell: (row) => (
      <Link to="/datasets/$name" params={{ name: row.dataset }}>
        {row.dataset}
      </Link>
    ),
    value: (row) => row.dataset,
  },
  { key: "asked", title: "Answers", numeric: true, wide: true, cell: (row) => progress(row), value: (row) => row.asked },
  { key: "cost", title: "Cost", numeric: true, wide: true, cell: (row) => usd(row.cost_usd), value: (row) => row.cost_usd },
  { key: "by", title: "By", wide: true, cell: (row) => row.actor, value: (row) => row.actor },
  { key: "at", title: "Started", numeric: true, wide: true, cell: (row) => <Ago at={row.created_at} />, value: (row) => row.created_at },
];
