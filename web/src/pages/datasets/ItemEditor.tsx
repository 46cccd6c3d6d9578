import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import type { Dataset, DatasetItem, ItemView } from "../../api/types";
import { Card } from "../../ui/Card";
import { Failed } from "../../ui/Loaded";
import { isPlain, problem, toItem, written, type Written } from "./edit";
import { JsonEditor } from "./JsonEditor";
import { RemoveItem } from "./RemoveItem";

interface Props {
  dataset: Dataset;
  /** `null` writes a new one. */
  row: ItemView | null;
  onClose: () => void;
}

/** Reads and changes one item. What is saved waits in the draft until it is published. */
export function ItemEditor({ dataset, row, onClose }: Props) {
  const item = (row?.item ?? null) as DatasetItem | null;
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (next: DatasetItem) => post("/datasets/{name}/items", { items: [next] }, { id: dataset.name }),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: ["dataset", dataset.name] });
    },
  });
  const closed = row !== null && item === null;
  return (
    <Card
      title={row ? <code>{row.id}</code> : "New item"}
      question={
        closed
          ? row.purged
            ? "Its content was destroyed on request; its hash stays, so that imports do not bring it back."
            : "Held out: show held-out items to read it, which is written down."
          : "Ctrl Enter saves into the draft; nobody is measured against it before it is published."
      }
      tools={
        <button type="button" className="btn quiet" onClick={onClose}>
          Close <kbd className="wide">Esc</kbd>
        </button>
      }
    >
      {closed ? null : item && !isPlain(item) ? (
        <JsonEditor item={item} busy={save.isPending} onSave={(next) => save.mutate(next)} />
      ) : (
        <TextEditor dataset={dataset} item={item} busy={save.isPending} onSave={(next) => save.mutate(next)} />
      )}
      {save.error ? <Failed error={save.error} /> : null}
      {row && !row.purged ? <RemoveItem dataset={dataset} id={row.id} onDone={onClose} /> : null}
    </Card>
  );
}

function TextEditor({
  dataset,
  item,
  busy,
  onSave,
}: {
  dataset: Dataset;
  item: DatasetItem | null;
  busy: boolean;
  onSave: (item: DatasetItem) => void;
}) {
  const [form, setForm] = useState<Written>(() => written(item));
  const set = (more: Partial<Written>) => setForm({ ...form, ...more });
  const wrong = problem(form);
  const send = () => {
    if (wrong === null && !busy) onSave(toItem(form, item));
  };
  const area = (name: "system" | "question" | "expected" | "rest", label: string, rows: number, focus = false) => (
    <label className="field">
      <span>{label}</span>
      <textarea
        rows={rows}
        value={form[name]}
        onChange={(event) => set({ [name]: event.target.value })}
        autoFocus={focus}
        className={name === "rest" ? "mono" : undefined}
      />
    </label>
  );
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          send();
        }
      }}
    >
      {area("question", "What is asked", 3, item === null)}
      {area("expected", "Expected answer; may be empty", 2)}
      <div className="row" style={{ alignItems: "end" }}>
        <label className="field">
          <span>Split</span>
          <input value={form.split} list="splits" onChange={(event) => set({ split: event.target.value })} />
          <datalist id="splits">{dataset.splits.map((row) => (row.split ? <option key={row.split} value={row.split} /> : null))}</datalist>
        </label>
        <label className="field">
          <span>Tags, with commas between</span>
          <input value={form.tags} onChange={(event) => set({ tags: event.target.value })} />
        </label>
        <label className="field">
          <span>Id; empty: from the input</span>
          <input value={form.id} onChange={(event) => set({ id: event.target.value })} disabled={item !== null} />
        </label>
      </div>
      <details open={form.system !== "" || form.rest !== ""}>
        <summary>System prompt and everything else</summary>
        <div className="stack" style={{ marginTop: 8 }}>
          {area("system", "System prompt", 2)}
          {area("rest", "Everything else, as JSON: context, criteria, cluster, weight, metadata …", 4)}
        </div>
      </details>
      <div className="row">
        <button className="btn primary" disabled={wrong !== null || busy}>
          Save into the draft
        </button>
        <span className="muted small" role="status">
          {wrong && form.question !== "" ? wrong : ""}
        </span>
      </div>
    </form>
  );
}
