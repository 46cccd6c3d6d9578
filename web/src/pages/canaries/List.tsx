import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useKeys } from "../../lib/keys";
import { PageHead } from "../../ui/PageHead";
import { TableCard } from "../../ui/TableCard";
import { columns } from "./columns";
import { Drafts } from "./Drafts";
import { FreezeBanner } from "./FreezeBanner";
import { FreezeDialog } from "./FreezeDialog";
import { canariesQuery, workloadsQuery } from "./queries";
import { StartCanary } from "./StartCanary";
import { isOpen } from "./states";
import { useCanaryEvents } from "./useCanaryEvents";

const route = getRouteApi("/canaries");

/** Every comparison of a candidate with the stable deployment, running and over. */
export default function List() {
  const { workload, sort, start, candidate, state } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(canariesQuery(workload));
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const [freezing, setFreezing] = useState(false);
  useCanaryEvents();
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const startOn = workload ?? workloads.find((row) => row.state !== "canary")?.id ?? workloads[0]?.id;
  useKeys({ n: () => startOn && set({ start: startOn }) });
  return (
    <>
      <PageHead title="Canaries" sub="A candidate gets more traffic only here: by proof on live traffic, not by absence of complaints.">
        <select
          data-filter
          aria-label="Workload"
          value={workload ?? ""}
          onChange={(event) => set({ workload: event.target.value || undefined })}
        >
          <option value="">All workloads</option>
          {workloads.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
        <select aria-label="State" value={state ?? ""} onChange={(event) => set({ state: event.target.value || undefined })}>
          <option value="">Running and over</option>
          <option value="open">Running only</option>
        </select>
        <button type="button" className="btn" onClick={() => setFreezing(true)}>
          Freeze…
        </button>
        {startOn ? (
          <button type="button" className="btn primary" onClick={() => set({ start: startOn })}>
            Start a canary… <kbd className="wide">n</kbd>
          </button>
        ) : null}
      </PageHead>
      <FreezeBanner workload={workload} />
      <div className="grid">
        <Drafts workload={workload} />
        <TableCard
          title="All canaries"
          question="Is the candidate worse? Difference of mean grade, candidate − stable. The thin line is the margin."
          label="Canaries"
          columns={columns}
          query={query}
          rows={({ items }) => items.filter((row) => state !== "open" || isOpen(row.state))}
          rowKey={(row) => row.id}
          sort={sort}
          onSort={(next) => set({ sort: next })}
          empty={
            query.data?.items.length === 0 ? (
              <Empty onStart={startOn ? () => set({ start: startOn }) : undefined} />
            ) : (
              <p className="muted">None is running now.</p>
            )
          }
        />
      </div>
      {start ? (
        <StartCanary
          workload={start}
          candidate={candidate}
          onPick={(id) => set({ start: id, candidate: undefined })}
          onClose={() => set({ start: undefined, candidate: undefined })}
        />
      ) : null}
      {freezing ? <FreezeDialog workloads={workloads.map(({ id }) => id)} onClose={() => setFreezing(false)} /> : null}
    </>
  );
}

function Empty({ onStart }: { onStart: (() => void) | undefined }) {
  return (
    <div className="empty">
      <p>
        None yet. Pick a workload, a candidate and the largest loss you accept; weir raises its share step by step as the evidence comes,
        promotes it when it is proven good enough, and takes it back when it is proven worse.
      </p>
      <p className="muted">
        The optimizer proposes one by itself when a candidate looks as good and cheaper, or better; its drafts appear here.
      </p>
      {onStart ? (
        <button type="button" className="btn primary" onClick={onStart}>
          Start the first canary…
        </button>
      ) : (
        <p className="muted">There is no workload yet: name one in weir.toml.</p>
      )}
    </div>
  );
}
