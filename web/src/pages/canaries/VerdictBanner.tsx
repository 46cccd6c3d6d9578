import { useId, useState } from "react";
import type { CanaryDetail } from "../../api/types";
import { because, headline, rule } from "./verdict";

/** The state of the comparison in words, with the two numbers that decide it, and the rule for those who ask why. */
export function VerdictBanner({ canary }: { canary: CanaryDetail }) {
  const [why, setWhy] = useState(false);
  const id = useId();
  const { tone, glyph, words } = headline(canary);
  return (
    <div className={`banner ${tone}`} data-verdict>
      <span className={tone} aria-hidden="true">
        {glyph}
      </span>
      <p role="status">
        <strong>{words}.</strong> {because(canary)}
      </p>
      <button type="button" className="linklike" aria-expanded={why} aria-controls={id} onClick={() => setWhy(!why)}>
        Why?
      </button>
      {why ? (
        <ul id={id} aria-label="The rule" className="plainlist muted" style={{ flexBasis: "100%" }}>
          {rule(canary).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
