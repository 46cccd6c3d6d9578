import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";

/** Stops everything that moves towards a candidate, in one workload or in all, for example before a release. */
export function FreezeDialog({ workloads, onClose }: { workloads: string[]; onClose: () => void }) {
  const [workload, setWorkload] = useState("");
  const [reason, setReason] = useState("");
  const client = useQueryClient();
  const freeze = useMutation({
    mutationFn: () => post("/freezes", { ...(workload === "" ? {} : { workload }), reason: reason.trim() }),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries();
    },
  });
  return (
    <Dialog title="Freeze" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!freeze.isPending) freeze.mutate();
        }}
      >
        <p>Nothing moves towards a candidate until somebody lets it go on. Rollbacks and holds still work.</p>
        <label className="field">
          <span>What</span>
          <select value={workload} onChange={(event) => setWorkload(event.target.value)}>
            <option value="">All workloads</option>
            {workloads.map((id) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Reason, shown to everybody</span>
          <input value={reason} onChange={(event) => setReason(event.target.value)} autoFocus />
        </label>
        {freeze.error ? <Failed error={freeze.error} /> : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className="btn primary" disabled={freeze.isPending}>
            Freeze
          </button>
        </div>
      </form>
    </Dialog>
  );
}
