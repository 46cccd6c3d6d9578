// How high rows are. Kept in the browser, not in the URL: a link must not change a reader's tables.
import { useSyncExternalStore } from "react";

/** Height of a row, px. */
export const ROWS = { dense: 26, usual: 32, comfortable: 40 } as const;
export type Density = keyof typeof ROWS;
const STORE = "weir.density";
const watchers = new Set<() => void>();

export function currentDensity(): Density {
  const stored = localStorage.getItem(STORE);
  return stored === "dense" || stored === "comfortable" ? stored : "usual";
}

export function applyDensity(density: Density): void {
  if (density === "usual") {
    localStorage.removeItem(STORE);
    delete document.documentElement.dataset.density;
  } else {
    localStorage.setItem(STORE, density);
    document.documentElement.dataset.density = density;
  }
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export const useRowHeight = (): number => useSyncExternalStore(watch, () => ROWS[currentDensity()]);
