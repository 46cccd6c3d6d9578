import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Workload } from "../../api/types";
import { useKeys } from "../../lib/keys";
import { firstRange, isRange, type Range, RANGES } from "../../lib/time";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { WorkloadPill } from "../words";
import { Candidates } from "./Candidates";
import { PolicyCard } from "./PolicyCard";
import { QualitySeries } from "./QualitySeries";
import { policiesQuery, seriesQuery, workloadQuery } from "./queries";
import { ShareSeries } from "./ShareSeries";
import { StartCanary } from "./StartCanary";
import { WindowTable } from "./WindowTable";
import { WorkloadFrontier } from "./WorkloadFrontier";

const route = getRouteApi("/workloads/$id");

/** How is this kind of traffic served? */
export default function Page() {
  const { id } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(workloadQuery(id));
  const began = useQuery(policiesQuery(id)).data?.items.map((revision) => Date.parse(revision.at)) ?? [];
  const first = firstRange(began.length > 0 ? Math.min(...began) : null, query.dataUpdatedAt);
  const range: Range = isRange(search.range) ? search.range : first;
  const setRange = (next: Range) => void navigate({ search: (before) => ({ ...before, range: next }), replace: true });
  const names = Object.keys(RANGES) as Range[];
  useKeys({ t: () => setRange(names[(names.indexOf(range) + 1) % names.length] ?? "1h") });
  return (
    <>
      <PageHead
        title={id}
        state={query.data ? <WorkloadPill state={query.data.state} /> : null}
        sub={query.data ? sentence(query.data) : null}
      >
        <select aria-label="Time range" value={range} onChange={(event) => isRange(event.target.value) && setRange(event.target.value)}>
          {names.map((name) => (
            <option key={name} value={name}>
              Last {name.replace(/(\d+)/, "$1 ")}
            </option>
          ))}
        </select>
        {query.data?.canary ? (
          <Link to="/canaries/$id" params={{ id: query.data.canary }} className="btn primary">
            See the running canary
          </Link>
        ) : query.data ? (
          <button
            type="button"
            className="btn primary"
            onClick={() => void navigate({ search: (before) => ({ ...before, start: "canary" }) })}
          >
            Start a canary…
          </button>
        ) : null}
      </PageHead>
      <Loaded query={query} height={640}>
        {(workload) => (
          <>
            <Body workload={workload} range={range} />
            {search.start === "canary" && !workload.canary ? (
              <StartCanary workload={workload} onClose={() => void navigate({ search: ({ start: _, ...rest }) => rest, replace: true })} />
            ) : null}
          </>
        )}
      </Loaded>
    </>
  );
}

function sentence(workload: Workload): string {
  const text = workload.sentence.trim();
  return `Served by: ${text}${/[.!]$/.test(text) ? "" : "."}`;
}

function Body({ workload, range }: { workload: Workload; range: Range }) {
  const series = useQuery(seriesQuery(workload.id, range));
  return (
    <>
      <div className="grid k2">
        <WorkloadFrontier workload={workload} />
        <Loaded query={series} height={380}>
          {(data) => <QualitySeries series={data} floor={workload.floor} range={range} />}
        </Loaded>
      </div>
      <div className="grid">
        <Card title="Candidates" question="Who may serve, how good and how dear each is. Only admitted ones take ordinary traffic.">
          <Candidates workload={workload} />
        </Card>
      </div>
      <div className="grid k2">
        <Loaded query={series} height={300}>
          {(data) => <ShareSeries series={data} range={range} />}
        </Loaded>
        <PolicyCard workload={workload} />
      </div>
      <WindowTable workload={workload} />
    </>
  );
}
