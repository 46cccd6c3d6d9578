import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useKeys } from "../../lib/keys";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { exportRows, Table } from "../../ui/Table";
import { columns } from "./columns";
import { runsQuery } from "./queries";
import { StartRun } from "./StartRun";

const route = getRouteApi("/runs");

/** Did it get better? Every eval run, newest first. */
export default function List() {
  const { sort, start } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(runsQuery);
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
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
      <Card
        title="All runs"
        question="Did it get better?"
        tools={
          runs.length > 0 ? (
            <button type="button" className="btn quiet" data-export onClick={() => exportRows("runs", columns, runs)}>
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
                  None yet. A run asks every item of a dataset of each model you choose and grades the answers with the workload&apos;s
                  scorers.
                </p>
                <button type="button" className="btn primary" onClick={() => set({ start: "new" })}>
                  Start the first run…
                </button>
                <p className="muted">Or from a terminal, where it can guard a pull request:</p>
                <Copy label="Command to copy" text="weir eval run evals/suites/maths.toml" />
              </div>
            ) : (
              <Table
                label="Runs"
                columns={columns}
                rows={items}
                rowKey={(row) => row.id}
                sort={sort}
                onSort={(next) => set({ sort: next })}
              />
            )
          }
        </Loaded>
      </Card>
      {start ? <StartRun dataset={start} onPick={(name) => set({ start: name })} onClose={() => set({ start: undefined })} /> : null}
    </>
  );
}
