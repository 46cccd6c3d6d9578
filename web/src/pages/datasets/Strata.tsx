import type { Added } from "../../api/types";
import { count, NONE, percent, plural } from "../../lib/format";
import { type Column, Table } from "../../ui/Table";
import { PreviewRows } from "./PreviewRows";

type Stratum = Added["strata"][number];

const columns: Column<Stratum>[] = [
  { key: "name", title: "Stratum", head: true, cell: (row) => row.name || <span className="muted">all</span>, value: (row) => row.name },
  { key: "of", title: "Requests that fit", numeric: true, cell: (row) => count(row.of), value: (row) => row.of },
  { key: "drawn", title: "Drawn", numeric: true, cell: (row) => count(row.drawn), value: (row) => row.drawn },
  {
    key: "p",
    title: "Probability of each",
    numeric: true,
    cell: (row) => (row.of > 0 ? percent(row.drawn / row.of) : NONE),
    value: (row) => (row.of > 0 ? row.drawn / row.of : null),
  },
];

/** What would be put in: from where, with which probability, and how the first items look. */
export function Strata({ seen }: { seen: Added }) {
  const left = [
    seen.known > 0 ? `${plural(seen.known, "prompt")} it has already` : "",
    seen.unfit > 0 ? `${plural(seen.unfit, "request")} without a conversation` : "",
  ].filter(Boolean);
  return (
    <div className="stack" data-strata>
      <p role="status">
        <strong>{plural(seen.put, "item")}</strong>
        {left.length > 0 ? `; left out: ${left.join(", ")}` : ""}
        {seen.redacted > 0 ? `; ${plural(seen.redacted, "place")} of personal data replaced` : ""}.
        {seen.put === 0 ? " Fewer conditions or a longer time bring more; texts are kept for a while only." : ""}
      </p>
      <Table label="Drawn from" columns={columns} rows={seen.strata} rowKey={(row) => row.name} />
      {seen.first.length > 0 ? (
        <PreviewRows rows={seen.first.map((item, i) => ({ line: i + 1, item: item as Record<string, unknown>, error: null }))} />
      ) : null}
    </div>
  );
}
