import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useKeys } from "../../lib/keys";
import { Copy } from "../../ui/Copy";
import { PageHead } from "../../ui/PageHead";
import { TableCard } from "../../ui/TableCard";
import { columns } from "./columns";
import { runsQuery } from "./queries";
import { StartRun } from "./StartRun";
import { useRunEvents } from "./useRunEvents";

const route = getRouteApi("/runs");

/** Did it get better? Every eval run, newest first. */
export default function List() {
  const { sort, start } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(runsQuery);
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  useRunEvents();
  useKeys({ n: () => set({ start: "new" }) });
  const runs = query.data?.items ?? [];
  return (
    <>
      <PageHead
        title="Runs"
        sub="The items of a dataset asked of several models, and graded: intervals that may be looked at while it runs."
      >
        {runs.length > 1 ? (
          <Link to="/runs/compare" search={{ a: runs[0]?.id, b: runs[1]?.id }} className="btn">
            Compare two…
          </Link>
        ) : null}
        <button type="button" className="btn primary" onClick={() => set({ start: "new" })}>
          Start a run… <kbd className="wide">n</kbd>
        </button>
      </PageHead>
      <TableCard
        title="All runs"
        question="Did it get better?"
        label="Runs"
        columns={columns}
        query={query}
        rows={({ items }) => items}
        rowKey={(row) => row.id}
        sort={sort}
        onSort={(next) => set({ sort: next })}
        empty={
          <div className="empty">
            <p>
              None yet. A run asks every item of a dataset of each model you choose and grades the answers with the workload&apos;s scorers.
            </p>
            <button type="button" className="btn primary" onClick={() => set({ start: "new" })}>
              Start the first run…
            </button>
            <p className="muted">Or from a terminal, where it can guard a pull request:</p>
            <Copy label="Command to copy" text="weir eval run evals/suites/maths.toml" />
          </div>
        }
      />
      {start ? <StartRun dataset={start} onPick={(name) => set({ start: name })} onClose={() => set({ start: undefined })} /> : null}
    </>
  );
}
