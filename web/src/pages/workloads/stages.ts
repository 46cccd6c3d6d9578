// The stages of a policy in words, one line each.
import type { Stage } from "../../api/types";
import { percent, usd } from "../../lib/format";

const list = (value: unknown): string => (Array.isArray(value) && value.length > 0 ? value.map(String).join(", ") : "none");
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** What each stage does with the candidates that the ones before it left. */
const SAYS: Record<string, (stage: Record<string, unknown>) => string> = {
  filter: () => "keep those that are admitted, healthy and able to serve the request",
  lock: ({ deployments, providers }) => `keep only ${list([...(deployments as string[]), ...(providers as string[])])}`,
  require: () => "keep those for which a rule holds",
  canary: () => "send the canary's share to its candidate, and an equal share to the control",
  floor: () => "drop those whose lower bound misses the floor; the stable one stays",
  cost: () => "cheapest first",
  quality: ({ band, max_cost_usd, max_latency_ms }) =>
    [
      "best first",
      number(band) ? `equal within ${number(band)}` : "",
      number(max_cost_usd) === null ? "" : `at most ${usd(number(max_cost_usd))} a request`,
      number(max_latency_ms) === null ? "" : `within ${number(max_latency_ms)} ms`,
    ]
      .filter(Boolean)
      .join(", "),
  latency: ({ band }) => `among those within ${percent(number(band))} of the fastest, the faster the likelier`,
  weighted: ({ weights }) =>
    `draw by weight: ${Object.entries((weights ?? {}) as Record<string, number>)
      .map(([id, weight]) => `${id} ${weight}`)
      .join(", ")}`,
  adaptive: ({ quality, cost, latency }) =>
    `by utility: quality ${String(quality)}, less cost ${String(cost)} and latency ${String(latency)}`,
  least_busy: () => "fewest requests in flight first",
  complexity: ({ threshold, hard }) =>
    `prompts of difficulty ${String(threshold)} and more to ${list(hard)} first, easy ones to the others`,
  round_robin: () => "settle equals in turn",
  affinity: () => "settle equals by the session: it stays where it was",
  tie_break: () => "settle equals by load",
  explore: ({ share }) => `send ${percent(number(share))} elsewhere, to learn`,
  chain: () => "rules for walking on when one fails",
  race: ({ width }) => `ask ${String(width)} at once; the first good answer is served`,
  hedge: ({ after_ms }) =>
    `ask a second one when the first is later than ${number(after_ms) === null ? "usual" : `${number(after_ms)} ms`}`,
  cascade: () => "cheapest first; a dearer one only when the answer is refused",
};

export function stageSays(stage: Stage): string {
  return SAYS[stage.stage]?.(stage) ?? "";
}

/** Parameters that the sentence leaves out: nested rules, shown as a branch each. */
export function branches(stage: Stage): [name: string, value: unknown][] {
  const { stage: _, when: __, ...rest } = stage;
  return Object.entries(rest).filter(
    ([, value]) => typeof value === "object" && value !== null && !Array.isArray(value) && stage.stage !== "weighted",
  );
}
