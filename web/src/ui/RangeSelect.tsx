import { useKeys } from "../lib/keys";
import { RANGES, type Range, rangeName } from "../lib/time";

const NAMES = Object.keys(RANGES) as Range[];

/** Chooses how far back; `t` takes the next one. */
export function RangeSelect({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  useKeys({ t: () => onRange(NAMES[(NAMES.indexOf(range) + 1) % NAMES.length] ?? range) });
  return (
    <select aria-label="Time range" title="Next range (t)" value={range} onChange={(event) => onRange(event.target.value as Range)}>
      {NAMES.map((name) => (
        <option key={name} value={name}>
          Last {rangeName(name)}
        </option>
      ))}
    </select>
  );
}
