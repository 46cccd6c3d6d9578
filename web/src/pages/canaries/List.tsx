import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Canary } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { count, difference, percent } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { type Column, exportRows, Table } from "../../ui/Table";
import { workloadsQuery } from "../workloads/queries";
import { shortName } from "../../lib/names";
import { CanaryPill } from "../words";
import { canariesQuery } from "./queries";

const route = getRouteApi("/canaries");
/** Differences are drawn on one scale, so that rows compare. */
const DOMAIN: [number, number] = [-0.2, 0.2];

const columns: Column<Canary>[] = [
  {
    key: "canary",
    title: "Canary",
    head: true,
    cell: (row) => (
      <Link to="/canaries/$id" params={{ id: row.id }} data-row>
        {shortName(row.candidate)} on {row.workload}
      </Link>
    ),
    value: (row) => `${row.candidate} on ${row.workload}`,
  },
  {
    key: "state",
    title: "State",
    cell: (row) => <CanaryPill state={row.state} more={row.state === "running" ? `, ${percent(row.share, 0)}` : ""} />,
    value: (row) => row.state,
  },
  {
    key: "control",
    title: "Against",
    wide: true,
    cell: (row) => <span className="muted">{shortName(row.control)}</span>,
    value: (row) => row.control,
  },
  {
    key: "delta",
    title: "Difference",
    numeric: true,
    cell: (row) => (row.evidence.pairs > 0 ? difference(row.evidence.delta) : "–"),
    value: (row) => (row.evidence.pairs > 0 ? row.evidence.delta : null),
  },
  {
    key: "band",
    title: "95 % band",
    wide: true,
    cell: ({ evidence }) =>
      evidence.pairs > 0 ? (
        <span title={`${difference(evidence.lower)} to ${difference(evidence.upper)}`}>
          <Interval value={evidence.delta} lower={evidence.lower} upper={evidence.upper} domain={DOMAIN} mark={0} />
        </span>
      ) : (
        <span className="muted">no pairs</span>
      ),
  },
  { key: "pairs", title: "Pairs", numeric: true, cell: (row) => count(row.evidence.pairs), value: (row) => row.evidence.pairs },
  {
    key: "verdict",
    title: "Verdict",
    wide: true,
    cell: (row) => (
      <span className="muted clamp" title={row.verdict}>
        {row.verdict}
      </span>
    ),
    value: (row) => row.verdict,
  },
  {
    key: "changed",
    title: "Changed",
    numeric: true,
    wide: true,
    cell: (row) => <Ago at={row.changed_at} />,
    value: (row) => row.changed_at,
  },
];

/** Every comparison of a candidate with the stable deployment, running and over. */
export default function List() {
  const { workload, sort } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(canariesQuery(workload));
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const startOn = workload ?? workloads.find((row) => row.state !== "canary")?.id;
  return (
    <>
      <PageHead title="Canaries" sub="A candidate gets more traffic only here: by proof on live traffic, not by absence of complaints.">
        <select
          data-filter
          aria-label="Workload"
          value={workload ?? ""}
          onChange={(event) =>
            void navigate({ search: (before) => ({ ...before, workload: event.target.value || undefined }), replace: true })
          }
        >
          <option value="">All workloads</option>
          {workloads.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
        {startOn ? (
          <Link to="/workloads/$id" params={{ id: startOn }} search={{ start: "canary" }} className="btn primary">
            Start a canary…
          </Link>
        ) : null}
      </PageHead>
      <Card
        title="All canaries"
        question="Is the candidate worse? Difference of mean grade, candidate − control."
        tools={
          query.data && query.data.items.length > 0 ? (
            <button type="button" className="btn quiet" data-export onClick={() => exportRows("canaries", columns, query.data.items)}>
              Export CSV
            </button>
          ) : null
        }
      >
        <Loaded query={query} height={160}>
          {({ items }) =>
            items.length === 0 ? (
              <div className="empty">
                <p>
                  None yet. Pick a workload, a candidate and the largest loss you accept; weir raises its share step by step as the evidence
                  comes, promotes it when it is proven good enough, and takes it back when it is proven worse.
                </p>
              </div>
            ) : (
              <Table
                label="Canaries"
                columns={columns}
                rows={items}
                rowKey={(row) => row.id}
                sort={sort}
                onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })}
              />
            )
          }
        </Loaded>
      </Card>
    </>
  );
}
