import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import type { Dataset } from "../../api/types";
import { Failed } from "../../ui/Loaded";

/** Two ways to be rid of an item: out of the draft, or its content out of the world. */
export function RemoveItem({ dataset, id, onDone }: { dataset: Dataset; id: string; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const [sure, setSure] = useState(false);
  const client = useQueryClient();
  const done = {
    onSuccess: () => {
      onDone();
      return client.invalidateQueries({ queryKey: ["dataset", dataset.name] });
    },
  };
  const take = useMutation({
    mutationFn: () => post("/datasets/{name}/take", { ids: [id], reason: reason.trim() }, { id: dataset.name }),
    ...done,
  });
  const purge = useMutation({
    mutationFn: () => post("/datasets/{name}/purge", { items: [id], reason: reason.trim() }, { id: dataset.name }),
    ...done,
  });
  const busy = take.isPending || purge.isPending;
  return (
    <details style={{ marginTop: 12 }}>
      <summary>Remove it</summary>
      <div className="stack" style={{ marginTop: 8 }}>
        <label className="field">
          <span>Reason, kept in its place (without the content, please)</span>
          <input value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <p className="muted small">
          Taking it out ends its use from the next version on. Purging destroys its content in every version of every dataset, at once and
          for good; only its hash stays.
        </p>
        <label className="row">
          <input type="checkbox" checked={sure} onChange={(event) => setSure(event.target.checked)} />I know that a purge cannot be undone
        </label>
        <div className="row">
          <button type="button" className="btn" disabled={busy} onClick={() => take.mutate()}>
            Take it out of the draft
          </button>
          <button type="button" className="btn danger" disabled={busy || !sure || reason.trim() === ""} onClick={() => purge.mutate()}>
            Purge its content
          </button>
        </div>
        {take.error ? <Failed error={take.error} /> : null}
        {purge.error ? <Failed error={purge.error} /> : null}
      </div>
    </details>
  );
}
