import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Label } from "../../api/types";
import { grade } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Pill } from "../../ui/Pill";
import type { Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import { labelsQuery } from "./queries";
import { agrees } from "./Receipt";

const columns: Column<Label>[] = [
  {
    key: "span_id",
    title: "Request",
    head: true,
    cell: (label) => (
      <Link to="/traces/$span" params={{ span: label.span_id }} data-row className="mono">
        {label.span_id.slice(0, 8)}
      </Link>
    ),
    value: (label) => label.span_id,
  },
  { key: "scorer", title: "Judge", cell: (label) => label.scorer, value: (label) => label.scorer },
  {
    key: "deployment",
    title: "Answered by",
    wide: true,
    cell: (label) => <span className="mono">{label.deployment}</span>,
    value: (label) => label.deployment,
  },
  { key: "value", title: "People", numeric: true, cell: (label) => grade(label.value), value: (label) => label.value },
  { key: "judge", title: "Its grade", numeric: true, cell: (label) => grade(label.judge), value: (label) => label.judge },
  {
    key: "agreed",
    title: "Agreed",
    cell: (label) => (
      <Pill tone={agrees(label) ? "ok" : "warn"} glyph={agrees(label) ? "✓" : "≠"}>
        {agrees(label) ? "yes" : "no"}
      </Pill>
    ),
    value: (label) => (agrees(label) ? "yes" : "no"),
  },
  { key: "annotator", title: "By", wide: true, cell: (label) => label.annotator, value: (label) => label.annotator },
  { key: "note", title: "Why", wide: true, cell: (label) => <span className="clamp">{label.note}</span>, value: (label) => label.note },
  { key: "at", title: "When", numeric: true, wide: true, cell: (label) => <Ago at={label.at} />, value: (label) => label.at },
];

/** What people said, beside what the judge had said. */
export function History({ scorer }: { scorer: string | undefined }) {
  return (
    <TableCard
      title="Labels so far"
      question="What did people say, and what had the judge said? The newest fifty."
      label="Labels"
      columns={columns}
      query={useQuery(labelsQuery(scorer))}
      rows={(page) => page.items}
      rowKey={(label) => `${label.task}/${label.annotator}`}
      empty={<p className="muted">None yet. From 30 on, a judge counts as calibrated and its grades are corrected by them.</p>}
    />
  );
}
