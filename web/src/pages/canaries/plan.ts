// What the start form offers, and what it asks of the server.
import { ApiError } from "../../api/client";
import type { DiffOrder, NewCanary, Workload } from "../../api/types";

export const STEPS: Record<string, { label: string; steps: number[] }> = {
  usual: { label: "5 %, 25 %, 50 %", steps: [0.05, 0.25, 0.5] },
  careful: { label: "1 %, 5 %, 25 %, 50 %", steps: [0.01, 0.05, 0.25, 0.5] },
  fast: { label: "50 % at once", steps: [0.5] },
};
export const MARGINS = [0.01, 0.02, 0.03, 0.05, 0.1];

export interface Draft {
  workload: string;
  candidate: string;
  margin: number;
  plan: string;
  shadow: number;
  mustSave: boolean;
  approval: boolean;
  /** Although it was rolled back lately. */
  again: boolean;
  /** Set once the start was refused for a judge of an arm's own family. */
  kin: { accepted: boolean; reason: string } | null;
}

/** The server's word for that refusal. */
const KIN_JUDGE = "W0114";

/** Refused for a judge of an arm's own family. */
export const isKinJudge = (error: unknown): boolean => error instanceof ApiError && error.code === KIN_JUDGE;

/** Nothing is missing: what was refused is accepted, with a reason. */
export function ready({ candidate, kin }: Pick<Draft, "candidate" | "kin">): boolean {
  return candidate !== "" && (kin === null || (kin.accepted && kin.reason.trim() !== ""));
}

/** What is accepted, as the server takes it. */
export const accepted = (kin: Draft["kin"]): DiffOrder => (kin?.accepted ? { kin_judge: true, reason: kin.reason.trim() } : {});

/** The request; what is left at its default is left out. */
export function request(draft: Draft): NewCanary {
  return {
    workload: draft.workload,
    candidate: draft.candidate,
    steps: STEPS[draft.plan]?.steps ?? [0.5],
    margin: draft.margin,
    ...(draft.shadow > 0 ? { shadow_pairs: draft.shadow } : {}),
    ...(draft.mustSave ? { must_save: true } : {}),
    ...(draft.again ? { cooldown_ms: 0 } : {}),
    ...(draft.approval ? { approval: true, four_eyes: true } : {}),
    ...accepted(draft.kin),
  };
}

/** Whom the form begins with: who is wanted, where that may be a candidate; else one that serves nobody yet. */
export function first(
  { candidates }: { candidates: Pick<Workload["candidates"][number], "deployment" | "stable" | "admitted">[] },
  wanted?: string,
): string {
  const offered = candidates.filter((row) => !row.stable);
  return (offered.find((row) => row.deployment === wanted) ?? offered.find((row) => !row.admitted) ?? offered[0])?.deployment ?? "";
}
