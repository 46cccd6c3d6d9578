import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Overview } from "../../api/types";
import { compact, plural } from "../../lib/format";
import { isRange, RANGES, type Range, rangeName, span } from "../../lib/time";
import { Card } from "../../ui/Card";
import { Loaded, type Query } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { RangeSelect } from "../../ui/RangeSelect";
import { TableCard } from "../../ui/TableCard";
import { workloadColumns } from "../workloads/WorkloadTable";
import { Attention } from "./Attention";
import { Changed } from "./Changed";
import { Checklist } from "./Checklist";
import { FrontierCard } from "./FrontierCard";
import { Kpis } from "./Kpis";
import { Playing } from "./Playing";
import { Providers } from "./Providers";
import { rangeQuery, USUAL } from "./queries";

const route = getRouteApi("/");

/** Are we good, what changed, what needs me? */
export default function Page() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range: Range = isRange(search.range) ? search.range : USUAL;
  const query = useQuery(rangeQuery(range));
  const choose = (next: Range) =>
    void navigate({ search: (before) => ({ ...before, range: next === USUAL ? undefined : next }), replace: true });
  return (
    <>
      <PageHead title="Overview" sub={query.data ? <Summary overview={query.data} /> : null}>
        <RangeSelect range={range} onRange={choose} />
      </PageHead>
      <Loaded query={query} height={640}>
        {(overview) => <Body overview={overview} query={query} now={query.dataUpdatedAt} />}
      </Loaded>
    </>
  );
}

/** Of the figures shown, which stay until those of another range are there. */
const shown = ({ range_s }: Overview): string =>
  rangeName((Object.keys(RANGES) as Range[]).find((name) => RANGES[name] === range_s) ?? USUAL);

function Summary({ overview }: { overview: Overview }) {
  const { totals } = overview;
  return (
    <>
      {plural(totals.workloads, "workload")}, {compact(totals.requests)} requests in the last {shown(overview)}.
      {totals.revision_latest ? (
        <>
          {" "}
          Policy revision <code>{totals.revision_latest}</code>
          {totals.revision_age_s === null || totals.revision_age_s < 5 ? "" : `, ${span(totals.revision_age_s)} old`}.
        </>
      ) : null}
    </>
  );
}

interface BodyProps {
  overview: Overview;
  query: Query<Overview>;
  now: number;
}

function Body({ overview, query, now }: BodyProps) {
  const { workload, sort } = route.useSearch();
  const navigate = route.useNavigate();
  const { checklist } = overview;
  // The busiest workload that has something to draw. Of those about as busy the first, so that it does not change as one looks.
  const busy = ({ requests }: { requests: number }) => Math.round(Math.log2(requests + 1));
  const chosen =
    workload ?? [...overview.workloads].sort((a, b) => Number(b.quality !== null) - Number(a.quality !== null) || busy(b) - busy(a))[0]?.id;
  const first = !(checklist.provider && checklist.request && checklist.dataset);
  return (
    <>
      <Attention items={overview.attention} />
      {first ? <Checklist overview={overview} /> : <Playing now={now} />}
      <Kpis overview={overview} range={shown(overview)} />
      <div className="grid k2">
        <FrontierCard
          chosen={chosen}
          workloads={overview.workloads.map((row) => row.id)}
          choose={(id) => void navigate({ search: (before) => ({ ...before, workload: id }), replace: true })}
        />
        <Card title="What changed" question="Decisions that moved traffic, newest first.">
          <Changed events={overview.events.slice(0, 5)} />
          <Providers rows={overview.providers} />
        </Card>
      </div>
      <TableCard
        title="Workloads"
        question="How is each kind of traffic served?"
        label="Workloads"
        columns={workloadColumns}
        query={query}
        rows={() => overview.workloads}
        rowKey={(row) => row.id}
        sort={sort}
        onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })}
        empty={
          <p className="muted">
            None yet. <Link to="/workloads">How to add one</Link>.
          </p>
        }
      />
    </>
  );
}
