// The live tail: rows come in bursts, are shown a few times a second, and wait while somebody reads.
import type { TraceRow } from "../../api/types";

/** Rows kept on screen above the stored pages. */
export const KEEP = 500;
/** Rows let through per flush; four flushes a second are more than anybody reads. */
export const PER_FLUSH = 50;
export const FLUSH_MS = 250;
/** Rows that wait while paused before the oldest are dropped. */
export const WAITING = 500;

export interface Tail {
  shown: TraceRow[];
  waiting: TraceRow[];
  dropped: number;
}
export const EMPTY: Tail = { shown: [], waiting: [], dropped: 0 };

/** Takes in a burst: newest first, the oldest beyond the limit dropped and counted. */
export function take(tail: Tail, burst: TraceRow[]): Tail {
  const waiting = [...burst.toReversed(), ...tail.waiting];
  const over = Math.max(0, waiting.length - WAITING);
  return { ...tail, waiting: over > 0 ? waiting.slice(0, WAITING) : waiting, dropped: tail.dropped + over };
}

/** Shows what waits, at most `limit` rows; more are dropped and counted, so the page stays quick at any rate. */
export function flush(tail: Tail, limit = PER_FLUSH): Tail {
  if (tail.waiting.length === 0) return tail;
  const through = tail.waiting.slice(0, limit);
  return {
    shown: [...through, ...tail.shown].slice(0, KEEP),
    waiting: [],
    dropped: tail.dropped + tail.waiting.length - through.length,
  };
}
