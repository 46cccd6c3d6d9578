import { useEffect, useId, useRef, useState } from "react";
import { Dialog } from "./Dialog";
import css from "./Palette.module.css";

export interface Entry {
  id: string;
  label: string;
  kind: string;
  run: () => void;
}

/** Entries whose words all occur, best first: those that start with what was typed. */
export function search(entries: Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (entry: Entry) => {
    const text = `${entry.label} ${entry.kind}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return -1;
    return entry.label.toLowerCase().startsWith(words.join(" ")) ? 1 : 0;
  };
  return entries
    .map((entry, at) => ({ entry, at, rank: rank(entry) }))
    .filter((hit) => hit.rank >= 0)
    .sort((a, b) => b.rank - a.rank || a.at - b.at)
    .map((hit) => hit.entry)
    .slice(0, 12);
}

/** Jump to anything by typing a part of its name. */
export function Palette({ find, onClose }: { find: (typed: string) => Entry[]; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const hits = find(typed);
  const chosen = Math.min(at, hits.length - 1);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKey = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      event.preventDefault();
      setAt((chosen + by + hits.length) % Math.max(1, hits.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(hits[chosen]);
    }
  };
  return (
    <Dialog title="Jump to" onClose={onClose} wide>
      <input
        ref={input}
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={hits[chosen] ? `${list}-${chosen}` : undefined}
        aria-label="Page, workload, canary, dataset, span id or action"
        placeholder="Page, workload, canary, dataset, span id or action"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <ul id={list} role="listbox" aria-label="Results" className={css.list}>
        {hits.map((hit, i) => (
          <li
            key={hit.id}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === chosen}
            className={css.item}
            onClick={() => run(hit)}
            onMouseMove={() => setAt(i)}
          >
            <span>{hit.label}</span>
            <span className="muted small">{hit.kind}</span>
          </li>
        ))}
      </ul>
      {hits.length === 0 ? <p className="muted">Nothing is called that. A span id is 32 hexadecimal digits.</p> : null}
    </Dialog>
  );
}
