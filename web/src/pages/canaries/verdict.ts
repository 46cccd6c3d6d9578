// What the banner says first, before the server's own sentence: two or three words and a tone.
import type { Canary } from "../../api/types";

export interface Headline {
  tone: "ok" | "warn" | "bad" | "";
  glyph: string;
  words: string;
}

/** Evidence in nats from which the outlook leans to one side, as the server's own sentence has it. */
const LEANS_AT = 1;

export function headline({ state, evidence }: Pick<Canary, "state" | "evidence">): Headline {
  switch (state) {
    case "promoted":
      return { tone: "ok", glyph: "✓", words: "Promoted" };
    case "rolled_back":
      return { tone: "bad", glyph: "✕", words: "Rolled back" };
    case "expired":
      return { tone: "", glyph: "○", words: "Undecided, stable stays" };
    case "superseded":
      return { tone: "", glyph: "○", words: "Another revision came first" };
    case "held":
      return { tone: "warn", glyph: "!", words: "Paused" };
    case "running":
      if (evidence.pairs === 0) return { tone: "", glyph: "○", words: "Waiting for the first pairs" };
      if (evidence.log_e_promote >= LEANS_AT) return { tone: "ok", glyph: "▲", words: "On course to promote" };
      if (evidence.log_e_rollback >= LEANS_AT) return { tone: "bad", glyph: "▼", words: "On course to roll back" };
      return { tone: "warn", glyph: "◐", words: "Undecided" };
  }
}

/** Splits the server's sentence after the words when it opens with them, so that nothing is said twice. */
export function split(words: string, sentence: string): { lead: string; rest: string } {
  const whole = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  const dot = /[.!]$/.test(whole) ? "" : ".";
  if (whole.toLowerCase().startsWith(words.toLowerCase()))
    return { lead: whole.slice(0, words.length), rest: whole.slice(words.length) + dot };
  return { lead: `${words}.`, rest: ` ${whole}${dot}` };
}
