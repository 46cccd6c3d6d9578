import type { Deployment } from "../../api/types";
import { percent } from "../../lib/format";
import { Pill, type Tone } from "../../ui/Pill";

/** The one word for how a deployment is: what keeps traffic away comes first. */
export function standing({
  health,
  suspect_in,
  requests_1h,
}: Pick<Deployment, "health" | "suspect_in" | "requests_1h">): [tone: Tone, glyph: string, word: string, why: string] {
  if (health.rejected_keys.length > 0)
    return [
      "bad",
      "✕",
      "Key refused",
      `Its provider refuses ${health.rejected_keys.join(", ")}: the key is wrong or revoked, or its account is empty`,
    ];
  if (health.state === "open") return ["bad", "✕", "Breaker open", "Too many failures in a row: it gets no requests for a while"];
  if (health.state === "probing")
    return ["warn", "◐", "Probing", "A few requests at a time are let through to see whether it answers again"];
  if (health.exhausted) return ["warn", "!", "No headroom", "Its provider would refuse for rate now; others serve meanwhile"];
  if (suspect_in.length > 0)
    return [
      "warn",
      "!",
      "Quarantined",
      `Its grades have fallen in ${suspect_in.join(", ")}: it takes no ordinary traffic there while another can`,
    ];
  if (health.ramp < 1)
    return ["warn", "◐", "Coming back", `Trusted with ${percent(health.ramp, 0)} of its ordinary traffic after failures`];
  if (requests_1h === 0) return ["plain", "○", "Idle", "No requests in the last hour"];
  return ["ok", "✓", "Up", "It answers"];
}

export function Standing({ row }: { row: Deployment }) {
  const [tone, glyph, word, why] = standing(row);
  return (
    <Pill tone={tone} glyph={glyph} title={why}>
      {word}
    </Pill>
  );
}
