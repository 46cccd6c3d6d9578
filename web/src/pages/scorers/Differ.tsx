import { Link } from "@tanstack/react-router";
import type { Calibration } from "../../api/types";
import { difference, grade } from "../../lib/format";
import { Card } from "../../ui/Card";
import { type Column, exportRows, Table } from "../../ui/Table";

type Row = Calibration["differ"][number];

const columns: Column<Row>[] = [
  {
    key: "span_id",
    title: "Request",
    head: true,
    cell: (row) => (
      <Link to="/traces/$span" params={{ span: row.span_id }} data-row className="mono">
        {row.span_id.slice(0, 8)}
      </Link>
    ),
    value: (row) => row.span_id,
  },
  { key: "judge", title: "Judge", numeric: true, cell: (row) => grade(row.judge), value: (row) => row.judge },
  { key: "people", title: "People", numeric: true, cell: (row) => grade(row.people), value: (row) => row.people },
  {
    key: "by",
    title: "Difference",
    numeric: true,
    cell: (row) => difference(row.judge - row.people),
    value: (row) => row.judge - row.people,
  },
  {
    key: "note",
    title: "Why",
    cell: (row) => <span className="clamp">{row.note || <span className="muted">nothing was noted</span>}</span>,
    value: (row) => row.note,
  },
];

/** Where both part most: what a better prompt has to get right. */
export function Differ({ name, rows }: { name: string; rows: Row[] }) {
  return (
    <Card
      title="Where they part"
      question="Which answers do people see otherwise? The largest differences first."
      tools={
        rows.length > 0 ? (
          <>
            <Link to="/scorers/$name" params={{ name }} search={{ tab: "bench" }} className="btn quiet">
              Try another prompt on them
            </Link>
            <button type="button" className="btn quiet" data-export onClick={() => exportRows(`${name} against people`, columns, rows)}>
              Export CSV
            </button>
          </>
        ) : null
      }
    >
      {rows.length === 0 ? (
        <p className="muted">Nowhere: of every labelled answer it says what people say.</p>
      ) : (
        <Table label="Answers on which judge and people differ" columns={columns} rows={rows} rowKey={(row) => row.span_id} />
      )}
    </Card>
  );
}
