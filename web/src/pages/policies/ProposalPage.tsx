import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { PolicyDiff } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Approve } from "./Approve";
import { Confirm } from "./Confirm";
import { MathsTables } from "./MathsTables";
import { mathsOf } from "./maths";
import { DiffPill } from "./Proposals";
import { diffQuery, diffReplayQuery } from "./queries";

const route = getRouteApi("/policies/proposals/$id");

/** One proposal: the sentence, the maths behind it, and the decision. */
export default function ProposalPage() {
  const { id } = route.useParams();
  const query = useQuery(diffQuery(id));
  return (
    <Loaded query={query} height={480}>
      {(diff) => <Body diff={diff} />}
    </Loaded>
  );
}

function Body({ diff }: { diff: PolicyDiff }) {
  const [act, setAct] = useState<"approve" | "reject" | null>(null);
  const maths = mathsOf(diff);
  return (
    <>
      <PageHead
        title={`${diff.candidate} for ${diff.workload}`}
        state={<DiffPill state={diff.state} />}
        sub={
          <>
            Proposed <Ago at={diff.at} words /> as a change of{" "}
            <Link to="/policies/$rev" params={{ rev: diff.parent }} search={{ workload: diff.workload }}>
              {diff.parent}
            </Link>
            .
            {diff.decided_by ? (
              <>
                {" "}
                Rejected by {diff.decided_by}
                {diff.decided_why ? `: ${diff.decided_why}` : ""}.
              </>
            ) : null}
            {diff.canary ? (
              <>
                {" "}
                Tried out by{" "}
                <Link to="/canaries/$id" params={{ id: diff.canary }}>
                  its canary
                </Link>
                .
              </>
            ) : null}
          </>
        }
      >
        {diff.state === "proposed" ? (
          <>
            <button type="button" className="btn danger" onClick={() => setAct("reject")}>
              Reject…
            </button>
            <button type="button" className="btn primary" onClick={() => setAct("approve")}>
              Approve…
            </button>
          </>
        ) : null}
      </PageHead>
      <div className="stack">
        <Card title="In one sentence" question="What would change, what it saves and what it risks.">
          <p>{diff.sentence}</p>
        </Card>
        {maths ? <MathsTables maths={maths} /> : null}
        <Remade id={diff.id} />
      </div>
      {act === "approve" ? <Approve diff={diff} onClose={() => setAct(null)} /> : null}
      {act === "reject" ? (
        <Confirm
          danger
          title={`Reject ${diff.candidate} for ${diff.workload}?`}
          act="Reject"
          onClose={() => setAct(null)}
          etag={diff.etag}
          run={(reason, read) => post("/policy-diffs/{id}/reject", { reason }, { id: diff.id, read })}
        >
          {diff.candidate} is not proposed again for {diff.parent}. A later revision may get a proposal of its own.
        </Confirm>
      ) : null}
    </>
  );
}

/** The proposal made again from its stored facts. */
function Remade({ id }: { id: string }) {
  const query = useQuery(diffReplayQuery(id));
  return (
    <Card title="Made again" question="Does the same come out of the same facts?">
      <Loaded query={query} height={40}>
        {(replay) => (
          <p>
            {replay.same ? (
              <span className="ok">✓ Number by number the same.</span>
            ) : (
              <>
                <span className="bad">✕ Another version of weir would say:</span> {replay.replayed ?? "nothing"}
              </>
            )}
          </p>
        )}
      </Loaded>
    </Card>
  );
}
