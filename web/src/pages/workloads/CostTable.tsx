import type { Candidate, Workload } from "../../api/types";
import { change, compact, count, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { type Column, Table } from "../../ui/Table";

/** What each candidate costs for what it is worth: money for a thousand requests, and for a thousand good answers. */
export function CostTable({ workload }: { workload: Workload }) {
  const dearest = Math.max(0, ...workload.candidates.map((row) => row.cost_per_1k_usd ?? 0));
  const good = (row: Candidate) =>
    row.cost_per_1k_usd !== null && row.quality && row.quality.value > 0 ? row.cost_per_1k_usd / row.quality.value : null;
  const against = (row: Candidate) => (row.cost_per_1k_usd !== null && dearest > 0 ? row.cost_per_1k_usd / dearest - 1 : null);
  const columns: Column<Candidate>[] = [
    {
      key: "deployment",
      title: "Deployment",
      head: true,
      cell: (row) => <span className="mono">{row.deployment}</span>,
      value: (row) => row.deployment,
    },
    { key: "cost", title: "Cost / 1 k", numeric: true, cell: (row) => usd(row.cost_per_1k_usd), value: (row) => row.cost_per_1k_usd },
    { key: "against", title: "vs dearest", numeric: true, wide: true, cell: (row) => change(against(row)), value: against },
    {
      key: "quality",
      title: "Grade",
      numeric: true,
      wide: true,
      cell: (row) => <Grade figure={row.quality} />,
      value: (row) => row.quality?.value ?? null,
    },
    { key: "good", title: "Per 1 k good answers", numeric: true, cell: (row) => usd(good(row)), value: good },
    { key: "requests", title: "Requests", numeric: true, wide: true, cell: (row) => compact(row.requests), value: (row) => row.requests },
    { key: "share", title: "Share", numeric: true, wide: true, cell: (row) => percent(row.share), value: (row) => row.share },
  ];
  return (
    <Card
      title="Cost by candidate"
      question={`What do good answers cost? The router's own mix: ${usd(workload.cost_per_1k_usd)} per 1 000 requests, ${change(workload.vs_best)} against the dearest alone, over ${count(workload.requests)} requests in 24 h.`}
    >
      <Table label={`Cost of ${workload.id}`} columns={columns} rows={workload.candidates} rowKey={(row) => row.deployment} />
    </Card>
  );
}
