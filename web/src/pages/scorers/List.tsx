import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { count, grade, ms, NONE, percent, plural, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Grade } from "../../ui/Figure";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import type { Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import { BuiltIn } from "./BuiltIn";
import type { ScorerRow } from "./gather";
import { scorersQuery } from "./queries";

const route = getRouteApi("/scorers");
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
    wide: "only",
    cell: (row) => row.decides.join(", ") || <span className="muted">–</span>,
    value: (row) => row.decides.join(" "),
  },
  { key: "mean", title: "Mean", numeric: true, cell: (row) => grade(row.mean), value: (row) => row.mean },
  { key: "n", title: "Scores", numeric: true, cell: (row) => count(row.n), value: (row) => row.n },
  { key: "coverage", title: "Could grade", numeric: true, wide: "only", cell: (row) => percent(coverage(row)), value: coverage },
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
    key: "agreement",
    title: "Agrees (κ)",
    numeric: true,
    wide: true,
    cell: ({ kind, agreement }) =>
      agreement ? (
        <span title={`With people, beyond chance, by ${plural(agreement.labels, "label")}`}>
          <Grade figure={agreement.kappa} />
        </span>
      ) : (
        <span className="muted">{kind === "judge" ? "no labels" : NONE}</span>
      ),
    value: ({ agreement }) => agreement?.kappa?.value ?? null,
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
    wide: "only",
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
        question="Who grades what, do people agree, and is anything drifting? Grades are of the present windows, cost and delay of 24 hours."
        label="Scorers"
        columns={columns}
        query={useQuery(scorersQuery)}
        rows={({ items }) => items}
        rowKey={(row) => row.name}
        sort={sort}
        onSort={(next) => void navigate({ search: { sort: next }, replace: true })}
        empty={
          <p className="muted">
            None yet. Unless scores come by the API no quality is known, and nothing can be routed by it. Take one from below; the simplest
            compares with the expected answer of a dataset.
          </p>
        }
      />
      <BuiltIn />
    </>
  );
}
