// How long a canary will take, said before it is started. The formula is the planner's:
// pairs ≈ 2·Var(D)·(ln(1/α)+1.3)/(δ+Δ)², and never fewer than the largest bet allows.

const ALPHA = 0.01;
const MIN_PAIRS = 100;

/** Pairs until an equally good candidate is promoted, for pass/fail grades with this mean. */
export function pairsNeeded(mean: number, margin: number): number {
  const variance = Math.max(0.02, 2 * mean * (1 - mean));
  const evidence = Math.log(1 / ALPHA);
  const typical = (2 * variance * (evidence + 1.3)) / margin ** 2;
  const ceiling = (2.7 * evidence) / margin;
  return Math.ceil(Math.max(typical, ceiling, MIN_PAIRS));
}

/** Seconds until then, when each arm gets `share` of `perDay` requests. `null` without traffic. */
export function secondsNeeded(pairs: number, perDay: number, share: number): number | null {
  const perSecond = (perDay * share) / 86_400;
  return perSecond > 0 ? pairs / perSecond : null;
}
