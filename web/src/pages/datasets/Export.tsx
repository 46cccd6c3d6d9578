import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { file } from "../../api/client";
import type { Dataset } from "../../api/types";
import { save } from "../../lib/csv";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";

const route = getRouteApi("/datasets/$name");
const FORMATS = {
  jsonl: "JSONL: can be imported again without loss",
  csv: "CSV: for spreadsheets",
  parquet: "Parquet: for data frames",
} as const;
type Format = keyof typeof FORMATS;

/** Saves what is shown, the version and split of the URL, as a file. */
export function Export({ dataset }: { dataset: Dataset }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn" data-export disabled={dataset.version === "" && !dataset.draft} onClick={() => setOpen(true)}>
        Export… <kbd className="wide">e</kbd>
      </button>
      {open ? <ExportDialog dataset={dataset} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function ExportDialog({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const { version, split } = route.useSearch();
  const [format, setFormat] = useState<Format>("jsonl");
  const at = version ?? (dataset.draft ? "draft" : undefined);
  const fetch = useMutation({
    mutationFn: () => file("/datasets/{name}/export", { id: dataset.name, query: { format, version: at, split } }),
    onSuccess: (blob) => {
      save(`${[dataset.name, split].filter(Boolean).join("-")}.${format}`, blob);
      onClose();
    },
  });
  const what = at === "draft" ? "The draft" : at ? `Version ${at.slice(0, 12)}` : "The current version";
  return (
    <Dialog title={`Export ${dataset.name}`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          fetch.mutate();
        }}
      >
        <p>
          {what}
          {split ? `, split ${split}` : ", every split"}. Held-out items go along, which is written down.
        </p>
        <label className="field">
          <span>Format</span>
          <select value={format} onChange={(event) => setFormat(event.target.value as Format)} autoFocus>
            {Object.entries(FORMATS).map(([name, says]) => (
              <option key={name} value={name}>
                {says}
              </option>
            ))}
          </select>
        </label>
        {fetch.error ? <Failed error={fetch.error} /> : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className="btn primary" disabled={fetch.isPending}>
            Download
          </button>
        </div>
      </form>
    </Dialog>
  );
}
