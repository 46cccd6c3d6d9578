// The ladder: each step with when it began and what was learnt on it, from the canary's own events.
import type { CanaryDetail } from "../../api/types";
import type { Rung } from "../../charts/Ladder";
import { count, percent } from "../../lib/format";
import { hourMinute } from "../../lib/time";

export function rungs(canary: Pick<CanaryDetail, "steps" | "step" | "state" | "events" | "evidence">): Rung[] {
  const { steps, step, state, evidence } = canary;
  const events = [...canary.events].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const live = state === "running" || state === "held";
  const list: Rung[] = steps.map((share, i) => {
    const entered = events.find((event) => event.step === i);
    const left = events.find((event) => event.step > i);
    const title = percent(share, 0);
    const began = entered ? `${hourMinute(entered.at)}, ` : "";
    if (i > step) return { key: `${i}`, title, detail: "not reached", state: "todo" };
    if (i < step) {
      const pairs = (left?.evidence.pairs ?? 0) - (i === 0 ? 0 : (entered?.evidence.pairs ?? 0));
      return { key: `${i}`, title, detail: `${began}${count(pairs)} pairs`, state: "done" };
    }
    const detail = `${began}${count(evidence.step_pairs)} pairs`;
    return { key: `${i}`, title, detail, state: live ? "now" : state === "promoted" ? "done" : "stopped" };
  });
  const last: Rung =
    state === "promoted"
      ? { key: "stable", title: "Stable", detail: "serves ordinary traffic", state: "done" }
      : { key: "stable", title: percent(1, 0), detail: "becomes stable", state: "todo" };
  return [...list, last];
}
