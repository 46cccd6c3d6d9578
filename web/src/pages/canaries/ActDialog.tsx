import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isStale, post } from "../../api/client";
import type { CanaryAct, CanaryDetail } from "../../api/types";
import { percent } from "../../lib/format";
import { shortName } from "../../lib/names";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";
import { StaleNote } from "../StaleNote";
import { ACTS, effect, moved, NAME_ABOVE, retreats } from "./acts";

/** Confirms an order and asks for the reason, which is kept with it. */
export function ActDialog({ canary, act, onClose }: { canary: CanaryDetail; act: CanaryAct; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  // The order is about what was shown when it was asked for, not about what comes while the reason is typed.
  const [opened] = useState(canary.etag);
  const { title, verb, tone, path, needsReason } = ACTS[act];
  const share = moved(act, canary);
  const name = shortName(canary.candidate);
  // Pausing is undone by resuming, so it is never slowed down.
  const mustName = share > NAME_ABOVE && act !== "pause";
  const mutation = useMutation({
    mutationFn: (read: string) => post(path, { reason: reason.trim() }, { id: canary.id, read: retreats(act) ? undefined : read }),
    onError: (error) => (isStale(error) ? client.invalidateQueries() : undefined),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries();
    },
  });
  const ready = (!needsReason || reason.trim() !== "") && (!mustName || typed.trim() === name) && !mutation.isPending;
  return (
    <Dialog title={`${title}: ${name} on ${canary.workload}?`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutation.mutate(isStale(mutation.error) ? canary.etag : opened);
        }}
      >
        <p>{effect(act, canary)}</p>
        <label className="field">
          <span>Reason, kept with the decision{needsReason ? "" : " (may be empty)"}</span>
          <input value={reason} onChange={(event) => setReason(event.target.value)} autoFocus required={needsReason} autoComplete="off" />
        </label>
        {mustName ? (
          <label className="field">
            <span>
              This moves {percent(share, 0)} of the traffic. Type <code>{name}</code> to confirm
            </span>
            <input value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </label>
        ) : null}
        {mutation.error ? <Failed error={mutation.error} /> : null}
        <StaleNote error={mutation.error} />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className={`btn ${tone === "danger" ? "danger" : "primary"}`} disabled={!ready}>
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
