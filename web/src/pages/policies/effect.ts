// What a revision saves and what it costs in quality, as far as it was measured: a revision keeps neither itself.
import type { Canary, PolicyDiff, Revision } from "../../api/types";
import { mathsOf } from "./maths";

export interface Effect {
  /** Who proposed the canary that made it; `null` where no canary did. */
  proposer: string | null;
  /** In 30 days, of the proposal that it came from; `null` where there was none. */
  saving: number | null;
  /** Candidate less stable, as the canary measured it; `null` without pairs. */
  quality: { delta: number; lower: number; upper: number; pairs: number } | null;
}

export type WithEffect = Revision & { effect: Effect };

/** Revisions with the canary that each came from, and the proposal behind that. */
export function withEffects(revisions: Revision[], canaries: Canary[], diffs: PolicyDiff[]): WithEffect[] {
  return revisions.map((row) => {
    const { author } = row;
    const canary = author.kind === "canary" ? canaries.find(({ id }) => id === author.id) : undefined;
    if (!canary) return { ...row, effect: { proposer: null, saving: null, quality: null } };
    const diff = diffs.find((diff) => diff.canary === canary.id);
    const { delta, lower, upper, pairs } = canary.evidence;
    return {
      ...row,
      effect: {
        proposer: canary.proposer,
        saving: diff ? (mathsOf(diff)?.cost.monthly_saving_usd ?? null) : null,
        quality: pairs > 0 ? { delta, lower, upper, pairs } : null,
      },
    };
  });
}
