import { useQuery } from "@tanstack/react-query";
import type { WindowRow, Workload } from "../../api/types";
import { count, grade } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, Table } from "../../ui/Table";
import { windowsQuery } from "./queries";

const columns: Column<WindowRow>[] = [
  {
    key: "deployment",
    title: "Deployment",
    head: true,
    cell: (row) => <span className="mono">{row.deployment}</span>,
    value: (row) => row.deployment,
  },
  {
    key: "scorer",
    title: "Scorer",
    cell: (row) => (
      <>
        {row.scorer} {row.quality ? <span className="muted small">decides</span> : null}
      </>
    ),
    value: (row) => row.scorer,
  },
  {
    key: "version",
    title: "Version",
    wide: "only",
    cell: (row) => <code className="muted">{row.version}</code>,
    value: (row) => row.version,
  },
  { key: "mean", title: "Mean", numeric: true, cell: (row) => grade(row.mean), value: (row) => row.mean },
  { key: "lower", title: "Lower", numeric: true, wide: true, cell: (row) => grade(row.lower), value: (row) => row.lower },
  { key: "upper", title: "Upper", numeric: true, wide: true, cell: (row) => grade(row.upper), value: (row) => row.upper },
  { key: "n", title: "Scores", numeric: true, cell: (row) => count(row.n), value: (row) => row.n },
  { key: "n_eff", title: "Effective", numeric: true, wide: true, cell: (row) => count(row.n_eff), value: (row) => row.n_eff },
  { key: "unscored", title: "Unscored", numeric: true, wide: true, cell: (row) => count(row.unscored), value: (row) => row.unscored },
  {
    key: "updated",
    title: "Updated",
    numeric: true,
    wide: true,
    cell: (row) => <Ago at={row.updated_at} />,
    value: (row) => row.updated_at,
  },
];

/** The quality windows the router reads, as they stand. */
export function WindowTable({ workload }: { workload: Workload }) {
  const query = useQuery(windowsQuery(workload.id));
  return (
    <Card title="Quality windows" question="What does the router know? Recent scores, older ones weigh less; bounds at 90 % each side.">
      <Loaded query={query} height={120}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted">
              No scores yet. Scorers of this workload:{" "}
              {workload.scorers.length > 0
                ? workload.scorers.join(", ")
                : "none; name one in weir.toml, make a rule, or send scores by the API"}
              .
            </p>
          ) : (
            <Table
              label={`Windows of ${workload.id}`}
              columns={columns}
              rows={items}
              rowKey={(row) => `${row.deployment}/${row.scorer}/${row.version}`}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
