import { useQuery } from "@tanstack/react-query";
import type { Checked, Dataset } from "../../api/types";
import { count, percent, plural } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, Table } from "../../ui/Table";
import { checkQuery } from "./queries";

type Near = Checked["near"][number];
const near: Column<Near>[] = [
  { key: "id", title: "Item", head: true, cell: (row) => <code>{row.id}</code>, value: (row) => row.id },
  { key: "of", title: "Nearly the same as", cell: (row) => <code>{row.of}</code>, value: (row) => row.of },
  { key: "similarity", title: "Alike", numeric: true, cell: (row) => percent(row.similarity, 0), value: (row) => row.similarity },
];

/** Which part is for what, who has seen what must not be seen, and what is in it twice. */
export function Health({ dataset }: { dataset: Dataset }) {
  return (
    <div className="grid">
      <div className="grid even" style={{ marginBottom: 0 }}>
        <Splits dataset={dataset} />
        <Heldout dataset={dataset} />
      </div>
      <Checks dataset={dataset} />
    </div>
  );
}

function Splits({ dataset }: { dataset: Dataset }) {
  const whole = Math.max(1, dataset.items);
  return (
    <Card title="Splits" question="Which part is for what? Items of one cluster always share a split.">
      <table aria-label="Splits">
        <tbody>
          {dataset.splits.map((row) => (
            <tr key={row.split ?? ""}>
              <th scope="row">{row.split ?? <span className="muted">without one</span>}</th>
              <td className="n">{count(row.items)}</td>
              <td style={{ width: "40%" }}>
                <svg width="100%" height={8} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={100} height={8} fill="var(--line)" />
                  <rect width={(row.items / whole) * 100} height={8} fill="var(--s1)" />
                </svg>
              </td>
              <td className="n muted">{percent(row.items / whole, 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {dataset.splits.length === 0 ? <p className="muted">No items yet.</p> : null}
    </Card>
  );
}

function Heldout({ dataset: { heldout } }: { dataset: Dataset }) {
  const spent = heldout.gate_reads >= heldout.budget;
  return (
    <Card title="Held-out items" question="Who has read them? What decided often has been learned by heart.">
      <p>
        {plural(heldout.gate_reads, "decision")} by gates of {count(heldout.budget)} that are healthy.{" "}
        {spent ? <span className="warn">! Put in new held-out items.</span> : null}
      </p>
      {heldout.reads.length > 0 ? (
        <table aria-label="Readings of held-out items">
          <tbody>
            {heldout.reads.slice(0, 8).map((row) => (
              <tr key={`${row.version}/${row.purpose}`}>
                <th scope="row">
                  <code>{row.version.slice(0, 12) || "draft"}</code>
                </th>
                <td>{row.purpose}</td>
                <td className="n">{count(row.count)}</td>
                <td className="n muted">
                  <Ago at={row.last_at} words />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="muted">Nobody yet.</p>
      )}
    </Card>
  );
}

function Checks({ dataset }: { dataset: Dataset }) {
  const query = useQuery(checkQuery(dataset.name, dataset.draft ? "draft" : undefined));
  return (
    <Card title="Checks" question={`Can the measure be trusted? ${dataset.draft ? "Of the draft." : "Of the current version."}`}>
      <Loaded query={query} height={120}>
        {(checked) => (
          <div className="stack">
            <p className={checked.leaks_total > 0 ? "bad" : undefined}>
              {checked.leaks_total === 0
                ? "✓ No held-out item can be seen in another split or in a scorer's prompt."
                : `✕ ${plural(checked.leaks_total, "held-out item")} can be seen elsewhere: a gate would measure memory. Take one of the two out.`}
            </p>
            {checked.leaks.length > 0 ? (
              <Table label="Leaks" columns={near} rows={checked.leaks} rowKey={(row) => `${row.id}/${row.of}`} />
            ) : null}
            <p>
              {checked.near_total === 0
                ? "✓ No two items say nearly the same."
                : `${plural(checked.near_total, "item")} nearly the same as an earlier one: they count twice.`}
            </p>
            {checked.near.length > 0 ? (
              <Table label="Near copies" columns={near} rows={checked.near} rowKey={(row) => `${row.id}/${row.of}`} />
            ) : null}
          </div>
        )}
      </Loaded>
    </Card>
  );
}
