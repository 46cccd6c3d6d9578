// What a canary's state allows, and its holds in words.
import type { CanaryState, HoldCause } from "../../api/types";

/** Some requests may reach the candidate now or without another approval. */
export const isOpen = (state: CanaryState): boolean =>
  state === "awaiting_approval" || state === "shadow" || state === "running" || state === "held" || state === "verifying";

/** Somebody's requests are answered by the candidate. */
export const isExposed = (state: CanaryState): boolean => state === "running" || state === "verifying" || state === "held";

export const HELD: Record<HoldCause, string> = {
  operator: "Paused by a person",
  harm: "Suspect: there is evidence that it is worse",
  units: "The arms do not get equal traffic",
  missing: "Scores go missing in one arm",
  latency: "It is slower than it may be",
  first_byte: "Its first byte comes later than it may",
  scorer: "The scorer is unwell in both arms",
  scorer_changed: "The scorer has another version: evidence starts again",
  judge_bias: "The scorer is kinder to it than people are",
  lease: "Nobody renewed its leave to be exposed",
};
