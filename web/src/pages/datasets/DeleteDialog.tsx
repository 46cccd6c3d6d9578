import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Dataset } from "../../api/types";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";

/** Takes a dataset out of every list, after its name was typed: nothing can bring it back from here. */
export function DeleteDialog({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => post("/datasets/{name}/delete", undefined, { id: dataset.name }),
    onSuccess: async () => {
      onClose();
      await navigate({ to: "/datasets" });
      await client.invalidateQueries();
    },
  });
  const ready = typed.trim() === dataset.name && !remove.isPending;
  return (
    <Dialog title={`Delete ${dataset.name}?`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) remove.mutate();
        }}
      >
        <p>
          Live requests are no longer scored against it, and no new run can use it. Runs that used it keep their results. Content that must
          not exist any more is purged item by item instead.
        </p>
        <label className="field">
          <span>
            Type <code>{dataset.name}</code> to confirm
          </span>
          <input value={typed} onChange={(event) => setTyped(event.target.value)} autoFocus autoComplete="off" />
        </label>
        {remove.error ? <Failed error={remove.error} /> : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className="btn danger" disabled={!ready}>
            Delete
          </button>
        </div>
      </form>
    </Dialog>
  );
}
