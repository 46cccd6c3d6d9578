import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Workload } from "../../api/types";
import { count, percent } from "../../lib/format";
import { pairsNeeded, secondsNeeded } from "../../lib/plan";
import { span } from "../../lib/time";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";

const PLANS: Record<string, { label: string; steps: number[] }> = {
  usual: { label: "5 %, 25 %, 50 %", steps: [0.05, 0.25, 0.5] },
  careful: { label: "1 %, 5 %, 25 %, 50 %", steps: [0.01, 0.05, 0.25, 0.5] },
  fast: { label: "50 % at once", steps: [0.5] },
};
const MARGINS = [0.01, 0.02, 0.03, 0.05, 0.1];

/** Starts a comparison of a candidate with the stable deployment on live traffic. */
export function StartCanary({ workload, onClose }: { workload: Workload; onClose: () => void }) {
  const offered = workload.candidates.filter((candidate) => !candidate.stable);
  const stable = workload.candidates.find((candidate) => candidate.stable);
  const [candidate, setCandidate] = useState((offered.find((c) => !c.admitted) ?? offered[0])?.deployment ?? "");
  const [margin, setMargin] = useState(0.03);
  const [plan, setPlan] = useState("usual");
  const client = useQueryClient();
  const navigate = useNavigate();
  const steps = PLANS[plan]?.steps ?? [0.5];
  const start = useMutation({
    mutationFn: () => post("/canaries", { workload: workload.id, candidate, steps, margin }),
    onSuccess: (canary) => {
      void client.invalidateQueries();
      void navigate({ to: "/canaries/$id", params: { id: canary.id } });
    },
  });
  const pairs = pairsNeeded(stable?.quality?.value ?? 0.8, margin);
  const seconds = secondsNeeded(pairs, workload.requests, Math.min(...steps.slice(-1)));
  return (
    <Dialog
      title={`Start a canary on ${workload.id}`}
      onClose={onClose}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn primary" disabled={!candidate || start.isPending} onClick={() => start.mutate()}>
            Start
          </button>
        </>
      }
    >
      {offered.length === 0 ? <p>This workload has only one candidate. Add another to its list in weir.toml.</p> : null}
      <label className="field">
        <span>Candidate, compared with {stable?.deployment ?? "the stable deployment"}</span>
        <select value={candidate} onChange={(event) => setCandidate(event.target.value)}>
          {offered.map((row) => (
            <option key={row.deployment}>{row.deployment}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Margin: the largest loss of mean grade that is acceptable</span>
        <select value={margin} onChange={(event) => setMargin(Number(event.target.value))}>
          {MARGINS.map((value) => (
            <option key={value} value={value}>
              {value.toFixed(2)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Share of traffic per arm at each step</span>
        <select value={plan} onChange={(event) => setPlan(event.target.value)}>
          {Object.entries(PLANS).map(([key, { label }]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <p className="muted">
        An equally good candidate needs about {count(pairs)} scored pairs
        {seconds === null
          ? ". There is no traffic yet to say how long that takes."
          : `: about ${span(seconds)} at the last day's traffic and ${percent(steps.at(-1), 0)} per arm.`}{" "}
        A clearly worse one is rolled back much sooner.
      </p>
      {start.error ? <Failed error={start.error} /> : null}
    </Dialog>
  );
}
