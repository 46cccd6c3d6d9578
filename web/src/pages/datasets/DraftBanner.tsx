import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Dataset } from "../../api/types";
import { Failed } from "../../ui/Loaded";

/** Edits that nobody is measured against yet: publish them as a version, or throw them away. */
export function DraftBanner({ dataset }: { dataset: Dataset }) {
  const [note, setNote] = useState("");
  const client = useQueryClient();
  const id = dataset.name;
  const done = { onSuccess: () => client.invalidateQueries() };
  const publish = useMutation({ mutationFn: () => post("/datasets/{name}/publish", { note: note.trim() }, { id }), ...done });
  const discard = useMutation({ mutationFn: () => post("/datasets/{name}/discard", undefined, { id }), ...done });
  const busy = publish.isPending || discard.isPending;
  return (
    <>
      <form
        className="banner warn"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) publish.mutate();
        }}
      >
        <span className="warn" aria-hidden="true">
          ✎
        </span>
        <p>
          <strong>Edits wait to be published.</strong>{" "}
          {dataset.version ? (
            <>
              Runs and live scoring use version <code>{dataset.version.slice(0, 12)}</code> until then.
            </>
          ) : (
            "Nothing is run or scored against this dataset until then."
          )}{" "}
          <Link to="/datasets/$name" params={{ name: id }} search={{ tab: "versions", to: "draft" }}>
            What changes?
          </Link>
        </p>
        <input
          aria-label="Note, shown with the version"
          placeholder="Note, may be empty"
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <button type="button" className="btn" disabled={busy} onClick={() => discard.mutate()}>
          Discard
        </button>
        <button className="btn primary" disabled={busy}>
          Publish
        </button>
      </form>
      {publish.error ? <Failed error={publish.error} /> : null}
      {discard.error ? <Failed error={discard.error} /> : null}
    </>
  );
}
