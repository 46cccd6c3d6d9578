import type { TraceRow } from "../../api/types";
import { count } from "../../lib/format";
import { exportTraces } from "./export";

/** The set with this one in it, or without it when it was. */
export function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** What can be done with the rows that were marked by `x`. */
export function Selected({ rows, onClear }: { rows: TraceRow[]; onClear: () => void }) {
  return (
    <div className="row small" role="status" style={{ paddingTop: 8 }}>
      {count(rows.length)} selected
      <button type="button" className="btn" onClick={() => exportTraces(rows)}>
        Export them
      </button>
      <button type="button" className="btn quiet" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}
