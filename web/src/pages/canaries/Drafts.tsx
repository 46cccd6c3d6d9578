import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { post } from "../../api/client";
import type { PolicyDiff } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Failed } from "../../ui/Loaded";
import { Pill } from "../../ui/Pill";
import { isKinJudge } from "./plan";
import { draftsQuery } from "./queries";

/** What the planner would try next. Nothing moves until somebody starts it. */
export function Drafts({ workload }: { workload: string | undefined }) {
  const drafts = (useQuery(draftsQuery).data?.items ?? []).filter(
    (draft) => draft.state === "proposed" && (workload === undefined || draft.workload === workload),
  );
  const client = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: (draft: PolicyDiff) => post("/policy-diffs/{id}/apply", {}, { id: draft.id }),
    onSuccess: (canary) => {
      void client.invalidateQueries();
      void navigate({ to: "/canaries/$id", params: { id: canary.id } });
    },
  });
  if (drafts.length === 0) return null;
  return (
    <Card title="Drafts" question="What would the optimizer try next? Proposed from measured numbers; nothing moves until it is started.">
      <ul className="rows" aria-label="Proposals">
        {drafts.slice(0, 5).map((draft) => (
          <li key={draft.id}>
            <Pill tone="plain" glyph="◌">
              Draft
            </Pill>
            <span className="grow">
              <Link to="/workloads/$id" params={{ id: draft.workload }}>
                {draft.workload}
              </Link>
              : {draft.sentence}{" "}
              <span className="muted small">
                <Ago at={draft.at} words />
              </span>
            </span>
            <button type="button" className="btn" disabled={start.isPending} onClick={() => start.mutate(draft)}>
              Start its canary
            </button>
          </li>
        ))}
      </ul>
      {start.error ? <Failed error={start.error} /> : null}
      {isKinJudge(start.error) && start.variables ? (
        <Link to="/policies/proposals/$id" params={{ id: start.variables.id }}>
          Read the proposal and accept its judge there
        </Link>
      ) : null}
    </Card>
  );
}
