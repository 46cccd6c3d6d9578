import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { count, grade, ms, NONE, percent, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Copy } from "../../ui/Copy";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import type { Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import type { ScorerRow } from "./gather";
import { scorersQuery } from "./queries";

const route = getRouteApi("/scorers");
const FIRST = `[scorers.exact]
kind = "exact_match"

[workloads.support]
scorers = ["exact"]`;
const coverage = (row: ScorerRow) => (row.n + row.unscored > 0 ? row.n / (row.n + row.unscored) : null);
/** What a thousand of its grades cost; a check asks no model, so it is 0. */
const rate = ({ sums }: ScorerRow) => (sums && sums.answers > 0 ? (sums.cost_usd / sums.answers) * 1000 : null);

const columns: Column<ScorerRow>[] = [
  {
    key: "name",
    title: "Scorer",
    head: true,
    cell: (row) => (
      <Link to="/scorers/$name" params={{ name: row.name }} data-row>
        {row.name}
      </Link>
    ),
    value: (row) => row.name,
  },
  { key: "kind", title: "Kind", wide: true, cell: (row) => (row.kind ? <code>{row.kind}</code> : NONE), value: (row) => row.kind },
  {
    key: "workloads",
    title: "Grades",
    wide: true,
    cell: (row) => row.used.map((each) => each.workload).join(", ") || <span className="muted">nothing</span>,
    value: (row) => row.used.map((each) => each.workload).join(" "),
  },
  {
    key: "decides",
    title: "Decides in",
    wide: true,
    cell: (row) => row.decides.join(", ") || <span className="muted">–</span>,
    value: (row) => row.decides.join(" "),
  },
  { key: "mean", title: "Mean", numeric: true, cell: (row) => grade(row.mean), value: (row) => row.mean },
  { key: "n", title: "Scores", numeric: true, cell: (row) => count(row.n), value: (row) => row.n },
  { key: "coverage", title: "Could grade", numeric: true, wide: true, cell: (row) => percent(coverage(row)), value: coverage },
  {
    key: "drift",
    title: "Drift",
    cell: (row) =>
      row.suspect.length > 0 ? (
        <Pill tone="warn" glyph="!" title={row.suspect.join(", ")}>
          {count(row.suspect.length)} suspect
        </Pill>
      ) : row.n > 0 ? (
        <Pill tone="ok">steady</Pill>
      ) : (
        <span className="muted">no scores</span>
      ),
    value: (row) => row.suspect.join(" "),
  },
  {
    key: "cost",
    title: "Cost / 1 k",
    numeric: true,
    wide: true,
    cell: (row) => (
      <span title={row.sums ? `${usd(row.sums.cost_usd)} in 24 h, ${count(row.sums.answers)} answers` : undefined}>{usd(rate(row))}</span>
    ),
    value: rate,
  },
  {
    key: "delay",
    title: "Grades after",
    numeric: true,
    wide: true,
    cell: (row) => (
      <span title={`From the end of an answer to its grade, 24 h: median, then 95th percentile`}>
        {ms(row.sums?.delay_p50_ms)}
        {row.sums?.delay_p95_ms ? <span className="muted half"> p95 {ms(row.sums.delay_p95_ms)}</span> : null}
      </span>
    ),
    value: (row) => row.sums?.delay_p50_ms ?? null,
  },
  {
    key: "updated",
    title: "Last score",
    numeric: true,
    wide: true,
    cell: (row) => (row.updated_at ? <Ago at={row.updated_at} /> : NONE),
    value: (row) => row.updated_at,
  },
];

/** Can we trust the grader? */
export default function List() {
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageHead title="Scorers" sub="Who grades the answers. One scorer per workload decides; the others watch.">
        <Link to="/labels" className="btn">
          Label answers…
        </Link>
      </PageHead>
      <TableCard
        title="All scorers"
        question="Who grades what, how much of it, and is anything drifting? Grades are of the present windows, cost and delay of 24 hours."
        label="Scorers"
        columns={columns}
        query={useQuery(scorersQuery)}
        rows={({ items }) => items}
        rowKey={(row) => row.name}
        sort={sort}
        onSort={(next) => void navigate({ search: { sort: next }, replace: true })}
        empty={
          <div className="empty">
            <p>
              None yet. Without a scorer no quality is known, and nothing can be routed by it. The simplest compares with the expected
              answer of a dataset:
            </p>
            <Copy label="Configuration to copy" text={FIRST} />
          </div>
        }
      />
    </>
  );
}
