import type { VersionDiff as Diff } from "../../api/types";
import { count } from "../../lib/format";
import { Pill } from "../../ui/Pill";
import { Scroll } from "../../ui/Scroll";
import { itemText } from "./mapping";

const KINDS = {
  added: ["ok", "+", "added"],
  removed: ["bad", "−", "removed"],
  changed: ["warn", "≠", "changed"],
} as const;

/** One line: what an item asks and expects; a dash where it is held out or was not there. */
function said(item: Record<string, unknown> | null | undefined): string {
  if (!item) return "–";
  const { input, expected } = itemText(item);
  return expected ? `${input} → ${expected}` : input;
}

/** The items that two versions do not share. */
export function VersionDiff({ diff }: { diff: Diff }) {
  return (
    <>
      <p>
        <strong>{count(diff.added)}</strong> added, <strong>{count(diff.removed)}</strong> removed, <strong>{count(diff.changed)}</strong>{" "}
        changed, <span className="muted">{count(diff.same)} the same.</span>
      </p>
      {diff.items.length > 0 ? (
        <Scroll label="Items that differ">
          <table aria-label="Items that differ">
            <thead>
              <tr>
                <th scope="col">Item</th>
                <th scope="col">What</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {diff.items.map((row) => {
                const [tone, glyph, word] = KINDS[row.kind as keyof typeof KINDS] ?? KINDS.changed;
                return (
                  <tr key={`${row.id}/${row.kind}`}>
                    <th scope="row" className="mono">
                      {row.id}
                    </th>
                    <td>
                      <Pill tone={tone} glyph={glyph}>
                        {word}
                      </Pill>
                    </td>
                    <td className={row.kind === "changed" ? undefined : "muted"}>{said(row.before as Record<string, unknown> | null)}</td>
                    <td>{said(row.after as Record<string, unknown> | null)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      ) : null}
      {diff.next ? <p className="muted small">The first {count(diff.items.length)} that differ.</p> : null}
    </>
  );
}
