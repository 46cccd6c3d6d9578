// What the banner says: a few words, a tone, and one sentence with the two numbers that decide.
import type { CanaryDetail } from "../../api/types";
import { count, difference, gist, grade, percent, plural } from "../../lib/format";
import { span } from "../../lib/time";
import { secondsLeft } from "./pace";
import { HELD } from "./states";

export interface Headline {
  tone: "ok" | "warn" | "bad" | "";
  glyph: string;
  words: string;
}
type Standing = Pick<CanaryDetail, "state" | "evidence" | "held">;

/** Evidence in nats from which the outlook leans to one side, as the server's own sentence has it. */
const LEANS_AT = 1;

export function headline({ state, evidence, held }: Standing): Headline {
  switch (state) {
    case "awaiting_approval":
      return { tone: "warn", glyph: "!", words: "Waiting for an approval" };
    case "shadow":
      return { tone: "", glyph: "◌", words: "In the shadow, nobody exposed" };
    case "verifying":
      return { tone: "ok", glyph: "◕", words: "Proven, being verified" };
    case "promoted":
      return { tone: "ok", glyph: "✓", words: "Promoted" };
    case "rolled_back":
      return { tone: "bad", glyph: "✕", words: "Rolled back" };
    case "expired":
      return { tone: "", glyph: "○", words: "Undecided, stable stays" };
    case "superseded":
      return { tone: "", glyph: "○", words: "Another revision came first" };
    case "aborted":
      return { tone: "", glyph: "○", words: "Aborted: one of its arms is no longer configured" };
    case "rejected":
      return { tone: "bad", glyph: "✕", words: "Not approved" };
    case "held":
      return { tone: held === "harm" ? "bad" : "warn", glyph: "!", words: held ? HELD[held] : "Held" };
    case "running":
      if (evidence.pairs === 0) return { tone: "", glyph: "○", words: "Waiting for the first pairs" };
      if (evidence.log_e_promote >= LEANS_AT) return { tone: "ok", glyph: "▲", words: "On course to promote" };
      if (evidence.log_e_rollback >= LEANS_AT) return { tone: "bad", glyph: "▼", words: "On course to roll back" };
      return { tone: "warn", glyph: "◐", words: "Undecided" };
  }
}

/** The bound that decides, held against the margin. */
export function deciding({ evidence, margin }: Pick<CanaryDetail, "evidence" | "margin">): string {
  const bar = `${difference(-margin)} margin`;
  if (evidence.lower > -margin) return `Lower bound ${difference(evidence.lower)} is above the ${bar}`;
  if (evidence.upper < -margin) return `Upper bound ${difference(evidence.upper)} is below the ${bar}`;
  return `The band from ${difference(evidence.lower)} to ${difference(evidence.upper)} still holds the ${bar}`;
}

/** What it still takes, in pairs and in time. */
function needs(canary: CanaryDetail): string {
  const { eta_pairs: left, plan, series } = canary;
  if (left === null) return `no decision in sight before it expires at ${plural(plan.max_pairs, "pair")}`;
  const seconds = secondsLeft(series, left);
  const more = `needs about ${plural(left, "more pair")}`;
  return seconds === null ? more : `${more}, about ${span(Math.max(5, seconds))} at this pace`;
}

/** One sentence after the words. */
export function because(canary: CanaryDetail): string {
  const { state, evidence, plan, reason, eta_pairs: left } = canary;
  switch (state) {
    case "awaiting_approval":
      return `Nothing is exposed until a person approves${plan.four_eyes ? `, and not ${canary.proposer}, who asked for it` : ""}.`;
    case "shadow":
      return evidence.pairs === 0
        ? `The candidate answers beside the stable one; ${plural(plan.shadow_pairs, "same-prompt pair")} come before anybody sees it.`
        : `${deciding(canary)}; ${count(evidence.pairs)} of ${plural(plan.shadow_pairs, "same-prompt pair")}.`;
    case "verifying":
      return `${deciding(canary)}. It takes all traffic but ${percent(plan.hold_back, 0)} per arm; ${count(evidence.step_pairs)} of ${plural(plan.verify_pairs, "pair")} verified.`;
    case "running":
      if (evidence.pairs === 0) return `A pair is one scored answer of each arm; ${needs(canary)}.`;
      return `${deciding(canary)}; ${needs(canary)}.`;
    case "held": {
      const numbers = evidence.pairs > 0 ? ` ${deciding(canary)}${left === null ? "" : `; ${needs(canary)}`}.` : "";
      return `${capital(reason)}.${numbers}`.replace("..", ".");
    }
    case "promoted":
    case "rolled_back": {
      if (evidence.pairs === 0) return `${capital(reason)}.`.replace("..", ".");
      // Another guard than the margin decided: its own figures are the ones that count.
      if (!/worse than/.test(reason)) return `${capital(reason)}.`.replace("..", ".");
      return `${capital(gist(reason))}. ${deciding(canary)} after ${plural(evidence.pairs, "pair")}.`;
    }
    default:
      return `${capital(reason)}.`.replace("..", ".");
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The rule behind the sentence, for those who ask why. */
export function rule({ evidence, margin, plan }: CanaryDetail): string[] {
  const bar = (now: number, at: number) => `${now.toFixed(1).replace("-", "−")} of ${at.toFixed(1)}`;
  return [
    `It promotes when the evidence that it loses less than ${grade(margin)} reaches its bar: ${bar(evidence.log_e_promote, evidence.promote_at)} now.`,
    `It rolls back when the evidence that it loses more reaches its bar: ${bar(evidence.log_e_rollback, evidence.rollback_at)} now.`,
    `It is held when there is evidence of any harm: ${bar(evidence.log_e_harm, evidence.hold_at)} now.`,
    ...(evidence.log_e_floor === null || plan.floor === null
      ? []
      : [
          `It rolls back when its own grade is surely below the floor ${plan.floor}: ${bar(evidence.log_e_floor, evidence.rollback_at)} now.`,
        ]),
    `Bars are natural logarithms of betting odds; this is attempt ${evidence.attempt}, which may be wrong in promoting once in ${count(Math.round(1 / Math.max(evidence.alpha, 1e-9)))}. Evidence may be looked at any time without spoiling it.`,
  ];
}
