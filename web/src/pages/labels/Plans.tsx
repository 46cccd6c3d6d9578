import { Link } from "@tanstack/react-router";
import type { LabelPlan } from "../../api/types";
import { count, percent } from "../../lib/format";
import { Card } from "../../ui/Card";
import { type Column, Table } from "../../ui/Table";
import { PlanForm } from "./PlanForm";

const columns: Column<LabelPlan>[] = [
  {
    key: "scorer",
    title: "Judge",
    head: true,
    cell: (plan) => (
      <Link to="/labels" search={{ scorer: plan.scorer }} data-row>
        {plan.scorer}
      </Link>
    ),
    value: (plan) => plan.scorer,
  },
  {
    key: "share",
    title: "People see",
    numeric: true,
    cell: (plan) => (plan.share > 0 ? percent(plan.share) : <span className="muted">no more</span>),
    value: (plan) => plan.share,
  },
  { key: "open", title: "Waiting", numeric: true, cell: (plan) => count(plan.open), value: (plan) => plan.open },
  { key: "labels", title: "Labels", numeric: true, cell: (plan) => count(plan.labels), value: (plan) => plan.labels },
];

/** Of which judges people are asked, and about how much. */
export function Plans({ plans, judges }: { plans: LabelPlan[]; judges: string[] }) {
  return (
    <Card title="Who is asked about" question="A hash of each answer decides, so every label counts with a known probability.">
      <div className="stack">
        <Table label="Judges that people label" columns={columns} rows={plans} rowKey={(plan) => plan.scorer} />
        <PlanForm judges={judges} ready />
      </div>
    </Card>
  );
}
