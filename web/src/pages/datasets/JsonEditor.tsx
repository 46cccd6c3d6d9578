import { useState } from "react";
import type { DatasetItem } from "../../api/types";

/** A conversation or an answer that is more than text is edited as what it is. */
export function JsonEditor({ item, busy, onSave }: { item: DatasetItem; busy: boolean; onSave: (item: DatasetItem) => void }) {
  const [text, setText] = useState(() => JSON.stringify(item, null, 2));
  let wrong: string | null = null;
  let parsed: DatasetItem | null = null;
  try {
    parsed = JSON.parse(text) as DatasetItem;
  } catch (error) {
    wrong = error instanceof Error ? error.message : String(error);
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (parsed && !busy) onSave(parsed);
      }}
    >
      <label className="field">
        <span>The item as JSON</span>
        <textarea className="mono" rows={14} value={text} onChange={(event) => setText(event.target.value)} spellCheck={false} />
      </label>
      <div className="row">
        <button className="btn primary" disabled={wrong !== null || busy}>
          Save into the draft
        </button>
        <span className="bad small" role="status">
          {wrong ?? ""}
        </span>
      </div>
    </form>
  );
}
