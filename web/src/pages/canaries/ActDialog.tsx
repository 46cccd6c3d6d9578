import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import type { CanaryAct, CanaryDetail } from "../../api/types";
import { percent } from "../../lib/format";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";
import { shortName } from "../../lib/names";

const PATHS = {
  pause: "/canaries/{id}/pause",
  resume: "/canaries/{id}/resume",
  promote: "/canaries/{id}/promote",
  roll_back: "/canaries/{id}/roll_back",
} as const;
const TITLES: Record<CanaryAct, string> = { pause: "Pause", resume: "Resume", promote: "Promote", roll_back: "Roll back" };
/** Acts that move more than this share of traffic ask for the candidate's name. */
const NAME_ABOVE = 0.25;

function effect(act: CanaryAct, { candidate, control, share }: CanaryDetail): string {
  switch (act) {
    case "pause":
      return `The candidate gets no traffic until it is resumed; ${control} serves. Evidence is kept.`;
    case "resume":
      return `The candidate and the control get ${percent(share, 0)} of the traffic each again.`;
    case "promote":
      return `${candidate} becomes the stable deployment at once, without waiting for proof. ${control} stays admitted.`;
    case "roll_back":
      return `${candidate} gets no more traffic; ${control} serves all of it. This canary cannot be resumed.`;
  }
}

/** Confirms an act and asks for the reason, which is kept with it. */
export function ActDialog({ canary, act, onClose }: { canary: CanaryDetail; act: CanaryAct; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const moved = act === "promote" ? 1 - canary.share : act === "roll_back" ? canary.share : 0;
  const name = shortName(canary.candidate);
  const mustName = moved > NAME_ABOVE;
  const mutation = useMutation({
    mutationFn: () => post(PATHS[act], { reason: reason.trim() }, { id: canary.id }),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries();
    },
  });
  const ready = reason.trim() !== "" && (!mustName || typed.trim() === name) && !mutation.isPending;
  return (
    <Dialog title={`${TITLES[act]} ${name} on ${canary.workload}?`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutation.mutate();
        }}
      >
        <p>{effect(act, canary)}</p>
        <label className="field">
          <span>Reason, kept with the decision</span>
          <textarea rows={2} value={reason} onChange={(event) => setReason(event.target.value)} autoFocus required />
        </label>
        {mustName ? (
          <label className="field">
            <span>
              This moves {percent(moved, 0)} of the traffic. Type <code>{name}</code> to confirm
            </span>
            <input value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </label>
        ) : null}
        {mutation.error ? <Failed error={mutation.error} /> : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className={act === "roll_back" ? "btn danger" : "btn primary"} disabled={!ready}>
            {act === "promote" ? "Promote now" : TITLES[act]}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
