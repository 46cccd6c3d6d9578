import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DatasetRow, WorkloadRow } from "../../api/types";
import { count } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import { workloadsQuery } from "./queries";

/** What each workload is measured against; a workload without items is measured against nothing. */
export function Coverage({ datasets }: { datasets: DatasetRow[] }) {
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  if (workloads.length === 0) return null;
  const own = (row: WorkloadRow) => datasets.filter((dataset) => dataset.workload === row.id);
  const items = (row: WorkloadRow) => own(row).reduce((sum, dataset) => sum + dataset.items, 0);
  const columns: Column<WorkloadRow>[] = [
    {
      key: "workload",
      title: "Workload",
      head: true,
      cell: (row) => (
        <Link to="/workloads/$id" params={{ id: row.id }}>
          {row.id}
        </Link>
      ),
      value: (row) => row.id,
    },
    {
      key: "datasets",
      title: "Datasets",
      cell: (row) =>
        own(row).length === 0 ? (
          <Pill tone="warn" glyph="!">
            none
          </Pill>
        ) : (
          own(row)
            .map((dataset) => dataset.name)
            .join(", ")
        ),
    },
    { key: "items", title: "Items", numeric: true, cell: (row) => count(items(row)), value: items },
    { key: "scores", title: "Live scores", numeric: true, cell: (row) => count(row.quality?.n ?? 0), value: (row) => row.quality?.n ?? 0 },
  ];
  return (
    <Card title="Coverage" question="Is each kind of traffic measured against something?">
      <Table label="Coverage by workload" columns={columns} rows={workloads} rowKey={(row) => row.id} />
    </Card>
  );
}
