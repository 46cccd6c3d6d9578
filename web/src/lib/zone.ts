// Whose clock times are written by: the reader's, or UTC. Kept in the browser, as the theme is.
import { useSyncExternalStore } from "react";

const STORE = "weir.utc";
const MINUTE_MS = 60_000;
const watchers = new Set<() => void>();
let utc = typeof localStorage !== "undefined" && localStorage.getItem(STORE) === "1";

export function applyUtc(next: boolean): void {
  utc = next;
  if (next) localStorage.setItem(STORE, "1");
  else localStorage.removeItem(STORE);
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Whether times are written in UTC by choice. */
export function useUtc(): boolean {
  return useSyncExternalStore(watch, () => utc);
}

const ahead = (time: Date): number => (utc ? 0 : -time.getTimezoneOffset());

/** A date whose UTC parts are those of the clock that is shown. */
export function shown(time: Date): Date {
  return new Date(time.getTime() + ahead(time) * MINUTE_MS);
}

/** `UTC`, `UTC+2`, `UTC−3:30`: how far the clock that is shown is ahead at that time. */
export function zoneName(time: Date = new Date()): string {
  return offsetName(ahead(time));
}

/** The same for minutes ahead of UTC. */
export function offsetName(minutes: number): string {
  if (minutes === 0) return "UTC";
  const [whole, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${whole}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`}`;
}
