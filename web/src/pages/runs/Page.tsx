import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { post } from "../../api/client";
import type { Run } from "../../api/types";
import { count, percent, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Failed, Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Unknown } from "../../ui/Unknown";
import { Comparisons } from "./Comparisons";
import { Gates } from "./Gates";
import { ItemList } from "./ItemList";
import { Matrix } from "./Matrix";
import { promising } from "./promising";
import { runQuery } from "./queries";
import { RunFrontier } from "./RunFrontier";
import { useRunEvents } from "./useRunEvents";
import { isOver, progress, RunState } from "./words";

const route = getRouteApi("/runs/$id");

/** One run: who is better, by how much, how sure, and on which items. */
export default function Page() {
  const { id } = route.useParams();
  const query = useQuery(runQuery(id));
  useRunEvents();
  return (
    <Loaded query={query} height={640} head={<Unknown title="Run" to="/runs" all="All runs" />}>
      {(detail) => (
        <>
          <Head detail={detail} />
          <Progress detail={detail} />
          <div className="grid">
            <Matrix detail={detail} />
            <Comparisons detail={detail} />
            <RunFrontier detail={detail} />
            <Gates detail={detail} />
            <ItemList run={detail.run} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function Head({ detail }: { detail: Run }) {
  const { run } = detail;
  const client = useQueryClient();
  const done = { onSuccess: () => client.invalidateQueries({ queryKey: ["run", run.id] }) };
  const cancel = useMutation({ mutationFn: () => post("/runs/{id}/cancel", undefined, { id: run.id }), ...done });
  const resume = useMutation({ mutationFn: () => post("/runs/{id}/resume", {}, { id: run.id }), ...done });
  const unfinished = isOver(run.status) && run.asked < run.total;
  return (
    <>
      <PageHead
        title={run.suite}
        state={<RunState run={run} />}
        sub={
          <>
            Run <code>{run.id}</code> on{" "}
            <Link to="/datasets/$name" params={{ name: run.dataset }}>
              {run.dataset}
            </Link>{" "}
            <code>{run.dataset_version.slice(0, 12)}</code> for{" "}
            <Link to="/workloads/$id" params={{ id: run.workload }}>
              {run.workload}
            </Link>
            , started <Ago at={run.created_at} words /> by {run.actor}.
          </>
        }
      >
        <Link to="/runs/compare" search={{ a: run.id }} className="btn">
          Compare with…
        </Link>
        {run.status === "done" ? (
          <Link to="/canaries" search={{ start: run.workload, candidate: promising(detail) ?? undefined }} className="btn">
            Start a canary…
          </Link>
        ) : null}
        {!isOver(run.status) ? (
          <button type="button" className="btn danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </button>
        ) : null}
        {unfinished ? (
          <button type="button" className="btn primary" disabled={resume.isPending} onClick={() => resume.mutate()}>
            Go on
          </button>
        ) : null}
      </PageHead>
      {cancel.error ? <Failed error={cancel.error} /> : null}
      {resume.error ? <Failed error={resume.error} /> : null}
    </>
  );
}

function Progress({ detail: { run } }: { detail: Run }) {
  const share = run.total > 0 ? run.asked / run.total : 0;
  const limit = run.max_usd === null ? "" : ` of at most ${usd(run.max_usd)}`;
  const tone = run.status === "failed" ? "bad" : run.verdict === "fail" ? "bad" : run.verdict === "pass" ? "ok" : "";
  return (
    <div className={`banner ${tone}`} role="status">
      <p>
        <strong>{progress(run)}.</strong> {usd(run.cost_usd)}
        {limit} spent. {run.message ? `${run.message}.` : ""}
      </p>
      <svg
        width={160}
        height={8}
        viewBox="0 0 100 8"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${percent(share, 0)} of ${count(run.total)} answers`}
      >
        <rect width={100} height={8} fill="var(--line)" />
        <rect width={share * 100} height={8} fill="var(--s1)" />
      </svg>
    </div>
  );
}
