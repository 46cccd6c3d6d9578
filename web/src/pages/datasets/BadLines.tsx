import type { Preview } from "../../api/types";
import { plural } from "../../lib/format";

const SHOWN = 10;

/** Lines that cannot be read, each with its number and what is wrong. */
export function BadLines({ bad }: { bad: Preview["bad"] }) {
  if (bad.length === 0) return null;
  return (
    <div className="banner warn" role="status">
      <div>
        <strong>{plural(bad.length, "line")} cannot be read</strong>
        <ul className="plainlist" aria-label="Lines with errors" style={{ marginTop: 4 }}>
          {bad.slice(0, SHOWN).map((row) => (
            <li key={`${row.line}/${row.message}`}>
              Line {row.line}: {row.message}
            </li>
          ))}
        </ul>
        {bad.length > SHOWN ? <p className="muted">and {bad.length - SHOWN} more</p> : null}
      </div>
    </div>
  );
}
