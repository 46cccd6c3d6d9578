// What a person may order, when, and what each order does in words.
import type { CanaryAct, CanaryDetail, CanaryState } from "../../api/types";
import { percent } from "../../lib/format";

/** Acts that move more than this share of traffic ask for the candidate's name. */
export const NAME_ABOVE = 0.25;

export interface Act {
  title: string;
  /** The words on the button that does it. */
  verb: string;
  /** `P` is with shift: what cannot be taken back by the same key is not next to what can. */
  key: string;
  tone: "" | "danger" | "primary";
  path: `/canaries/{id}/${CanaryAct}`;
  /** Moves or ends something for good: without a reason nobody will understand it later. */
  needsReason: boolean;
}
export const ACTS: Record<CanaryAct, Act> = {
  pause: { title: "Pause", verb: "Pause", key: "p", tone: "", path: "/canaries/{id}/pause", needsReason: false },
  resume: { title: "Resume", verb: "Resume", key: "p", tone: "", path: "/canaries/{id}/resume", needsReason: false },
  roll_back: { title: "Roll back", verb: "Roll back", key: "r", tone: "danger", path: "/canaries/{id}/roll_back", needsReason: true },
  promote: { title: "Promote now", verb: "Promote now", key: "P", tone: "primary", path: "/canaries/{id}/promote", needsReason: true },
  approve: { title: "Approve", verb: "Approve", key: "a", tone: "primary", path: "/canaries/{id}/approve", needsReason: false },
  reject: { title: "Reject", verb: "Reject", key: "r", tone: "danger", path: "/canaries/{id}/reject", needsReason: true },
};

/** Orders that make sense in a state, in the order of their buttons. */
export function actsOf(state: CanaryState): CanaryAct[] {
  switch (state) {
    case "awaiting_approval":
      return ["reject", "approve"];
    case "shadow":
      return ["roll_back"];
    case "running":
    case "verifying":
      return ["pause", "roll_back", "promote"];
    case "held":
      return ["resume", "roll_back", "promote"];
    default:
      return [];
  }
}

/** Takes traffic back: never refused because the canary has moved since the page was read. */
export function retreats(act: CanaryAct): boolean {
  return act === "pause" || act === "roll_back";
}

/** The share of the workload's traffic that changes hands. */
export function moved(act: CanaryAct, { state, share, plan }: Pick<CanaryDetail, "state" | "share" | "plan">): number {
  // Verifying, the candidate has everything but the control's hold-back.
  const has = state === "verifying" ? 1 - plan.hold_back : share;
  if (act === "promote") return 1 - has;
  return act === "roll_back" || act === "pause" ? has : 0;
}

export function effect(act: CanaryAct, canary: CanaryDetail): string {
  const { candidate, control, share, steps, step, plan } = canary;
  switch (act) {
    case "pause":
      return `The candidate gets no traffic until it is resumed; ${control} serves. Evidence is kept.`;
    case "resume":
      return `The candidate and the control get up to ${percent(steps[step] ?? share, 0)} of the traffic each again.`;
    case "promote":
      return `${candidate} becomes the stable deployment at once, without waiting for proof. ${control} stays admitted.`;
    case "roll_back":
      return `${candidate} gets no more traffic; ${control} serves all of it. This canary cannot be resumed.`;
    case "approve":
      return plan.shadow_pairs > 0
        ? `${candidate} begins in the shadow: it answers beside ${control}, and nobody sees it yet.`
        : `${candidate} begins at ${percent(steps[0] ?? 0, 0)} of the traffic.`;
    case "reject":
      return `${candidate} is not tried. It can be proposed again.`;
  }
}
