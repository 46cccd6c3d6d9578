import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { datasetsQuery } from "../shell/queries";

/** The dataset that is written into: one that is there, or a new one. */
export function NameField({ name, onName }: { name: string; onName: (name: string) => void }) {
  const known = useQuery(datasetsQuery).data?.items.map((row) => row.name) ?? [];
  const list = useId();
  const there = known.includes(name.trim());
  return (
    <div className="stack" style={{ gap: 4 }}>
      <label className="field">
        <span>Dataset, there already or new</span>
        <input
          value={name}
          list={list}
          onChange={(event) => onName(event.target.value)}
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
          title="Letters, digits, dots and dashes"
          autoComplete="off"
          required
        />
      </label>
      <datalist id={list}>
        {known.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <span className="muted small" role="status">
        {name.trim() === "" ? "\u00a0" : there ? "It is there: the items go into its draft." : "It is new."}
      </span>
    </div>
  );
}
