import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Workload } from "../../api/types";
import { useKeys } from "../../lib/keys";
import { RangeSelect } from "../../ui/RangeSelect";
import { firstRange, isRange, type Range } from "../../lib/time";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Tabs } from "../../ui/Tabs";
import { FreezeBanner } from "../canaries/FreezeBanner";
import { StartCanary } from "../canaries/StartCanary";
import { WorkloadPill } from "../words";
import { Body, isTab, TABS, type Tab } from "./Body";
import { policiesQuery, workloadQuery } from "./queries";
import { Unproven } from "./Unproven";

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
  const tab: Tab = isTab(search.tab) ? search.tab : "quality";
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  useKeys({
    n: () => query.data && !query.data.canary && set({ start: "canary" }),
  });
  return (
    <>
      <PageHead
        title={id}
        state={query.data ? <WorkloadPill state={query.data.state} /> : null}
        sub={query.data ? sentence(query.data) : null}
      >
        <RangeSelect range={range} onRange={(next) => set({ range: next })} />
        {query.data?.canary ? (
          <Link to="/canaries/$id" params={{ id: query.data.canary }} className="btn primary">
            See the running canary
          </Link>
        ) : query.data ? (
          <button type="button" className="btn primary" onClick={() => set({ start: "canary" })}>
            Start a canary… <kbd className="wide">n</kbd>
          </button>
        ) : null}
      </PageHead>
      <FreezeBanner workload={id} />
      <Tabs label={`Views of ${id}`} tabs={TABS} shown={tab} onShow={(next) => set({ tab: next === "quality" ? undefined : next })} />
      <Loaded query={query} height={640}>
        {(workload) => (
          <>
            <Unproven workload={workload} />
            <Body workload={workload} range={range} tab={tab} />
            {search.start === "canary" && !workload.canary ? (
              <StartCanary
                workload={workload.id}
                onPick={(next) => void navigate({ params: { id: next }, search: { start: "canary" } })}
                onClose={() => set({ start: undefined })}
              />
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
