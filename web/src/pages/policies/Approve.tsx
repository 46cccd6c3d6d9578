import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { PolicyDiff } from "../../api/types";
import { KinJudge } from "../canaries/KinJudge";
import { accepted, type Draft, isKinJudge, ready } from "../canaries/plan";
import { Confirm } from "./Confirm";

/** Starts the canary of a proposal; where a judge of an arm's family stands against that, once somebody accepts it. */
export function Approve({ diff, onClose }: { diff: PolicyDiff; onClose: () => void }) {
  const navigate = useNavigate();
  const [kin, setKin] = useState<Draft["kin"]>(null);
  return (
    <Confirm
      plain
      title={`Start the canary of ${diff.candidate} on ${diff.workload}?`}
      act="Start the canary"
      onClose={onClose}
      etag={diff.etag}
      run={(_, read) => post("/policy-diffs/{id}/apply", accepted(kin), { id: diff.id, read })}
      onRefused={(error) => {
        if (isKinJudge(error)) setKin(kin ?? { accepted: false, reason: "" });
      }}
      more={kin ? <KinJudge kin={kin} set={setKin} /> : null}
      missing={!ready({ candidate: diff.candidate, kin })}
      onDone={(canary) => void navigate({ to: "/canaries/$id", params: { id: canary.id } })}
    >
      More traffic for another deployment always goes through a canary: it begins with a small share and is taken back when it is proven
      worse than the margin.
    </Confirm>
  );
}
