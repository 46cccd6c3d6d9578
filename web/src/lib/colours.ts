// A colour belongs to a deployment for good: the first that is seen takes the first slot, and the slot is kept.

const STORE = "weir.colours";
const SLOTS = 6;

/** Gives every new id the next slot, in order. Ids beyond the sixth reuse colours with a dash. */
export function assign(known: Record<string, number>, ids: string[]): Record<string, number> {
  const next = { ...known };
  let top = Math.max(-1, ...Object.values(next));
  for (const id of ids) if (!(id in next)) next[id] = ++top;
  return next;
}

export interface Look {
  /** Name of the CSS variable. */
  variable: string;
  /** Dash pattern from the fourth series on, so that colour is never the only difference. */
  dash: number[] | undefined;
}

export function look(slot: number): Look {
  const dash = slot < 3 ? undefined : slot < SLOTS ? [6, 3] : [2, 3];
  return { variable: `--s${(slot % SLOTS) + 1}`, dash };
}

let known: Record<string, number> | null = null;

function read(): Record<string, number> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return typeof stored === "object" && stored !== null ? (stored as Record<string, number>) : {};
  } catch {
    return {};
  }
}

/** Reserves slots for these deployments, in their configured order. */
export function reserve(ids: string[]): void {
  const before = known ?? read();
  known = assign(before, ids);
  if (Object.keys(known).length > Object.keys(before).length) localStorage.setItem(STORE, JSON.stringify(known));
}

export function lookOf(deployment: string): Look {
  reserve([deployment]);
  return look(known?.[deployment] ?? 0);
}
