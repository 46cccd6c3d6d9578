import type { CanaryDetail } from "../../api/types";
import { count, difference } from "../../lib/format";
import { headline, split } from "./verdict";

/** The state of the comparison in words, with the two numbers that decide it. */
export function VerdictBanner({ canary }: { canary: CanaryDetail }) {
  const { tone, glyph, words } = headline(canary);
  const { evidence } = canary;
  const { lead, rest } = split(words, canary.verdict.replace(/^held, /, ""));
  return (
    <div className={`banner ${tone}`} role="status" data-verdict>
      <span className={tone} aria-hidden="true">
        {glyph}
      </span>
      <p>
        <strong>{lead}</strong>
        {rest}
      </p>
      <span className="muted small">
        {evidence.pairs > 0 ? `lower ${difference(evidence.lower)} · ` : ""}margin {difference(-canary.margin)} · {count(evidence.pairs)}{" "}
        pairs
      </span>
    </div>
  );
}
