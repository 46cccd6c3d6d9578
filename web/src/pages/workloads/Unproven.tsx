import { Link } from "@tanstack/react-router";
import type { Workload } from "../../api/types";
import { plural } from "../../lib/format";

/** Why nothing is known of a workload that is served, and what changes that. A canary proves nothing either without scores. */
export function Unproven({ workload }: { workload: Workload }) {
  if (workload.requests === 0 || (workload.quality?.n ?? 0) > 0) return null;
  const [quality] = workload.scorers;
  return (
    <div className="banner warn" role="status">
      <p>
        <strong>Nothing is proven yet.</strong> {plural(workload.requests, "request")} in 24 hours and no score:{" "}
        {quality ? (
          <>
            <Link to="/scorers/$name" params={{ name: quality }}>
              {quality}
            </Link>{" "}
            has graded none of the answers. A check that compares needs a <Link to="/datasets">dataset</Link> with the questions that are
            asked; a judge needs none. The <Link to="/system">job queue</Link> tells what waits or failed.
          </>
        ) : (
          <>
            no scorer grades its answers. Name one in weir.toml, <code>[workloads.{workload.id}]</code>{" "}
            <code>scorers = [&quot;…&quot;]</code>; <Link to="/scorers">Scorers</Link> has one to start with.
          </>
        )}
      </p>
    </div>
  );
}
