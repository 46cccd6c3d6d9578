// The ladder: each stage with when it began, what was learnt on it, and what it still waits for.
import type { CanaryDetail, CanaryEvent } from "../../api/types";
import type { Rung } from "../../charts/Ladder";
import { count, percent } from "../../lib/format";
import { hourMinute, span } from "../../lib/time";
import { isOpen } from "./states";

type Told = Pick<CanaryDetail, "steps" | "step" | "state" | "events" | "evidence" | "plan" | "eta_pairs" | "changed_at">;

/** `now` in ms, for what is left of a step's least time. */
export function rungs(canary: Told, now: number): Rung[] {
  const { steps, plan, state } = canary;
  const events = [...canary.events].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const list: Rung[] = [];
  if (plan.shadow_pairs > 0) list.push(shadow(canary, events));
  list.push(...steps.map((share, i) => step(canary, events, share, i, now)));
  if (plan.verify_pairs > 0) list.push(verifying(canary, events));
  list.push(
    state === "promoted"
      ? { key: "stable", title: "Stable", detail: "serves ordinary traffic", state: "done" }
      : { key: "stable", title: percent(1, 0), detail: "becomes stable", state: "todo" },
  );
  return list;
}

/** The stage it stands on, or stood on when it ended. */
function stage({ state, step, events }: Told): "wait" | "shadow" | "verify" | number {
  const last = [...events].reverse().find((event) => isOpen(event.state) && event.state !== "held");
  const where = state === "held" || !isOpen(state) ? last?.state : state;
  if (where === "awaiting_approval") return "wait";
  if (where === "shadow") return "shadow";
  if (where === "verifying") return "verify";
  return step;
}

function standing(canary: Told, rung: number | "shadow" | "verify"): Rung["state"] {
  const here = stage(canary);
  const order = (at: typeof here) => (at === "wait" ? -2 : at === "shadow" ? -1 : at === "verify" ? Number.MAX_SAFE_INTEGER : at);
  if (canary.state === "promoted") return "done";
  if (order(here) > order(rung)) return "done";
  if (order(here) < order(rung)) return "todo";
  return isOpen(canary.state) ? "now" : "stopped";
}

function shadow(canary: Told, events: CanaryEvent[]): Rung {
  const state = standing(canary, "shadow");
  const left = events.find((event) => event.from === "shadow");
  const pairs = state === "done" ? (left?.evidence.pairs ?? 0) : canary.evidence.pairs;
  const detail =
    state === "todo"
      ? "not reached"
      : state === "done"
        ? `${count(pairs)} same-prompt pairs`
        : `${count(pairs)} of ${count(canary.plan.shadow_pairs)} same-prompt pairs`;
  return { key: "shadow", title: "Shadow", detail, state };
}

function step(canary: Told, events: CanaryEvent[], share: number, i: number, now: number): Rung {
  const state = standing(canary, i);
  const title = percent(share, share < 0.01 ? 1 : 0);
  const entered = events.find((event) => event.step === i && (event.state === "running" || event.state === "verifying"));
  const began = entered ? `${hourMinute(entered.at)}, ` : "";
  if (state === "todo") return { key: `${i}`, title, detail: "not reached", state };
  if (state === "done") {
    const left = events.find((event) => event.step > i || event.state === "verifying" || event.state === "promoted");
    const pairs = (left?.evidence.pairs ?? canary.evidence.pairs) - (i === 0 ? 0 : (entered?.evidence.pairs ?? 0));
    return { key: `${i}`, title, detail: `${began}${count(Math.max(0, pairs))} pairs`, state };
  }
  if (state === "stopped") return { key: `${i}`, title, detail: `${began}${count(canary.evidence.step_pairs)} pairs`, state };
  return { key: `${i}`, title, detail: `${began}${needed(canary, i)}${bake(canary, now)}`, state };
}

/** Before the last step a number of pairs opens the next; on the last one evidence decides. */
function needed({ steps, evidence, plan, eta_pairs: left }: Told, i: number): string {
  if (i + 1 < steps.length) return `${count(Math.min(evidence.step_pairs, plan.step_pairs))} of ${count(plan.step_pairs)} pairs`;
  const all = left === null ? null : evidence.pairs + left;
  return all === null ? `${count(evidence.pairs)} pairs in all` : `${count(evidence.pairs)} of about ${count(all)} pairs`;
}

function bake({ plan, changed_at }: Told, now: number): string {
  const left = (plan.bake_ms - (now - Date.parse(changed_at))) / 1000;
  return left >= 5 ? `, at least ${span(left)} more` : "";
}

function verifying(canary: Told, events: CanaryEvent[]): Rung {
  const state = standing(canary, "verify");
  const entered = events.find((event) => event.state === "verifying");
  const began = entered ? `${hourMinute(entered.at)}, ` : "";
  const { evidence, plan } = canary;
  const over = state === "done" || state === "stopped";
  const detail =
    state === "todo"
      ? `all but ${percent(plan.hold_back, 0)}, ${count(plan.verify_pairs)} pairs`
      : over
        ? `${began}verified`
        : `${began}${count(evidence.step_pairs)} of ${count(plan.verify_pairs)} pairs`;
  return { key: "verify", title: "Verifying", detail: state === "stopped" ? `${began}not confirmed` : detail, state };
}
