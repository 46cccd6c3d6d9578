import type { CostRow } from "../../api/types";
import { change, compact, count, percent, usd } from "../../lib/format";
import type { Column } from "../../ui/Table";
import { groupName, type Split } from "./split";

const rate = (row: CostRow) => (row.priced > 0 ? (row.cost_usd / row.priced) * 1000 : null);
const against = (row: CostRow) => (row.best_usd !== null && row.best_usd > 0 ? row.cost_usd / row.best_usd - 1 : null);

/** The columns that make sense for this split. */
export function costColumns(split: Split, total: number): Column<CostRow>[] {
  const own = split.by === "workload";
  return [
    {
      key: "group",
      title: split.by === "tag" ? (split.tag ?? "Tag") : split.by[0]?.toUpperCase() + split.by.slice(1),
      head: true,
      cell: (row) => (
        <span data-row tabIndex={-1}>
          {groupName(row.group, split)}
        </span>
      ),
      value: (row) => groupName(row.group, split),
    },
    { key: "cost", title: "Spent", numeric: true, cell: (row) => usd(row.cost_usd), value: (row) => row.cost_usd },
    {
      key: "share",
      title: "Share",
      numeric: true,
      wide: true,
      cell: (row) => percent(total > 0 ? row.cost_usd / total : null),
      value: (row) => (total > 0 ? row.cost_usd / total : null),
    },
    { key: "requests", title: "Requests", numeric: true, wide: true, cell: (row) => compact(row.requests), value: (row) => row.requests },
    { key: "rate", title: "Cost / 1 k", numeric: true, cell: (row) => usd(rate(row)), value: rate },
    ...(own
      ? ([
          {
            key: "best",
            title: "vs best model",
            numeric: true,
            cell: (row) => <span className={(against(row) ?? 0) < 0 ? "ok" : undefined}>{change(against(row))}</span>,
            value: against,
          },
          {
            key: "scoring",
            title: "Judging",
            numeric: true,
            wide: true,
            cell: (row) => usd(row.scoring_usd),
            value: (row) => row.scoring_usd,
          },
        ] satisfies Column<CostRow>[])
      : []),
    {
      key: "input",
      title: "Tokens in",
      numeric: true,
      wide: true,
      cell: (row) => compact(row.input_tokens),
      value: (row) => row.input_tokens,
    },
    {
      key: "cached",
      title: "From cache",
      numeric: true,
      wide: true,
      cell: (row) => count(row.cached_tokens),
      value: (row) => row.cached_tokens,
    },
    {
      key: "output",
      title: "Tokens out",
      numeric: true,
      wide: true,
      cell: (row) => compact(row.output_tokens),
      value: (row) => row.output_tokens,
    },
  ];
}
