import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Workload } from "../../api/types";
import { count, percent } from "../../lib/format";
import { pairsNeeded, secondsNeeded } from "../../lib/plan";
import { span } from "../../lib/time";
import { Dialog } from "../../ui/Dialog";
import { Failed, Loaded } from "../../ui/Loaded";
import { KinJudge } from "./KinJudge";
import { type Draft, first, isKinJudge, MARGINS, ready, request, STEPS } from "./plan";
import { workloadQuery, workloadsQuery } from "./queries";

interface Props {
  /** Chosen first. */
  workload: string;
  /** Chosen where it may be one; otherwise the first that may. */
  candidate?: string | undefined;
  onPick: (workload: string) => void;
  onClose: () => void;
}

/** Starts a comparison of a candidate with the stable deployment on live traffic. */
export function StartCanary({ workload, candidate, onPick, onClose }: Props) {
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const query = useQuery(workloadQuery(workload));
  return (
    <Dialog title={`Start a canary on ${workload}`} onClose={onClose}>
      <label className="field">
        <span>Workload</span>
        <select value={workload} onChange={(event) => onPick(event.target.value)}>
          {workloads.map(({ id, state }) => (
            <option key={id} value={id}>
              {id}
              {state === "canary" ? " (has one)" : ""}
            </option>
          ))}
        </select>
      </label>
      <Loaded query={query} height={220}>
        {(data) =>
          data.canary ? (
            <>
              <p>There is one already; a workload has one canary at a time. Wait until it has decided, or roll it back.</p>
              <div className="row" style={{ justifyContent: "flex-end" }}>
                <button type="button" className="btn" onClick={onClose}>
                  Close
                </button>
                <Link to="/canaries/$id" params={{ id: data.canary }} className="btn primary">
                  See it
                </Link>
              </div>
            </>
          ) : (
            <Form key={`${data.id}/${candidate ?? ""}`} workload={data} wanted={candidate} onClose={onClose} />
          )
        }
      </Loaded>
    </Dialog>
  );
}

function Form({ workload, wanted, onClose }: { workload: Workload; wanted: string | undefined; onClose: () => void }) {
  const offered = workload.candidates.filter((candidate) => !candidate.stable);
  const stable = workload.candidates.find((candidate) => candidate.stable);
  const [draft, setDraft] = useState<Draft>({
    workload: workload.id,
    candidate: first(workload, wanted),
    margin: 0.03,
    plan: "usual",
    shadow: 0,
    mustSave: false,
    approval: false,
    again: false,
    kin: null,
  });
  const set = (more: Partial<Draft>) => setDraft({ ...draft, ...more });
  const client = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: () => post("/canaries", request(draft)),
    onError: (error) => {
      if (isKinJudge(error)) set({ kin: draft.kin ?? { accepted: false, reason: "" } });
    },
    onSuccess: (canary) => {
      void client.invalidateQueries();
      void navigate({ to: "/canaries/$id", params: { id: canary.id } });
    },
  });
  // What was refused was of another candidate.
  const pick = (candidate: string) => {
    start.reset();
    set({ candidate, kin: null });
  };
  const steps = STEPS[draft.plan]?.steps ?? [0.5];
  const pairs = pairsNeeded(stable?.quality?.value ?? 0.8, draft.margin);
  const seconds = secondsNeeded(pairs, workload.requests, steps.at(-1) ?? 0.5);
  if (offered.length === 0) return <p>This workload has only one candidate. Add another to its list in weir.toml.</p>;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready(draft) && !start.isPending) start.mutate();
      }}
    >
      <label className="field">
        <span>Candidate, compared with {stable?.deployment ?? "the stable deployment"}</span>
        <select value={draft.candidate} onChange={(event) => pick(event.target.value)} autoFocus>
          {offered.map((row) => (
            <option key={row.deployment}>{row.deployment}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Margin: the largest loss of mean grade that is acceptable</span>
        <select value={draft.margin} onChange={(event) => set({ margin: Number(event.target.value) })}>
          {MARGINS.map((value) => (
            <option key={value} value={value}>
              {value.toFixed(2)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Share of traffic per arm at each step</span>
        <select value={draft.plan} onChange={(event) => set({ plan: event.target.value })}>
          {Object.entries(STEPS).map(([key, { label }]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <details>
        <summary>More: shadow, saving, approval, another try</summary>
        <div className="stack" style={{ marginTop: 8 }}>
          <label className="field">
            <span>Same-prompt pairs in the shadow before anybody is exposed (0: none; each asks the candidate once more)</span>
            <input
              type="number"
              min={0}
              max={10_000}
              step={10}
              value={draft.shadow}
              onChange={(event) => set({ shadow: Math.max(0, Number(event.target.value) || 0) })}
            />
          </label>
          <label className="row">
            <input type="checkbox" checked={draft.mustSave} onChange={(event) => set({ mustSave: event.target.checked })} />
            Promote only when it is also proven cheaper
          </label>
          <label className="row">
            <input type="checkbox" checked={draft.approval} onChange={(event) => set({ approval: event.target.checked })} />
            Another person must approve before it begins
          </label>
          <label className="row">
            <input type="checkbox" checked={draft.again} onChange={(event) => set({ again: event.target.checked })} />
            Try it again, although it was rolled back lately
          </label>
        </div>
      </details>
      <p className="muted">
        An equally good candidate needs about {count(pairs)} scored pairs
        {seconds === null
          ? ". There is no traffic yet to say how long that takes."
          : `: about ${span(seconds)} at the last day's traffic and ${percent(steps.at(-1), 0)} per arm.`}{" "}
        A clearly worse one is rolled back much sooner.
      </p>
      {start.error ? <Failed error={start.error} /> : null}
      {draft.kin ? <KinJudge kin={draft.kin} set={(kin) => set({ kin })} /> : null}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <button type="button" className="btn" onClick={onClose}>
          Cancel
        </button>
        <button className="btn primary" disabled={!ready(draft) || start.isPending}>
          Start
        </button>
      </div>
    </form>
  );
}
