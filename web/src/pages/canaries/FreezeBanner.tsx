import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { post } from "../../api/client";
import type { Freeze } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Failed } from "../../ui/Loaded";
import { freezesQuery } from "./queries";

/** Freezes that hold for a workload, or all of them: said wherever something could move. */
export function FreezeBanner({ workload }: { workload?: string | undefined }) {
  const freezes = useQuery(freezesQuery).data?.items ?? [];
  const shown = freezes.filter((freeze) => freeze.workload === null || workload === undefined || freeze.workload === workload);
  return shown.map((freeze) => <Frozen key={freeze.workload ?? "*"} freeze={freeze} />);
}

function Frozen({ freeze }: { freeze: Freeze }) {
  const client = useQueryClient();
  const lift = useMutation({
    mutationFn: () => post("/freezes/lift", { ...(freeze.workload === null ? {} : { workload: freeze.workload }), reason: "" }),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <>
      <div className="banner warn" role="status">
        <span className="warn" aria-hidden="true">
          ❄
        </span>
        <p>
          <strong>{freeze.workload === null ? "Everything is frozen." : `${freeze.workload} is frozen.`}</strong> Nothing moves towards a
          candidate; what takes one back still works. By {freeze.actor}, <Ago at={freeze.at} words />
          {freeze.reason ? `: ${freeze.reason}` : ""}.
        </p>
        <button type="button" className="btn" disabled={lift.isPending} onClick={() => lift.mutate()}>
          Let it go on
        </button>
      </div>
      {lift.error ? <Failed error={lift.error} /> : null}
    </>
  );
}
