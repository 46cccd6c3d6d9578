// Light, dark, or what the system says. Kept in the browser, not in the URL: a link must not change a reader's theme.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const STORE = "weir.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set<() => void>();

export function currentTheme(): Theme {
  const stored = localStorage.getItem(STORE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(STORE);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(STORE, theme);
    document.documentElement.dataset.theme = theme;
  }
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  dark.addEventListener("change", watcher);
  return () => {
    watchers.delete(watcher);
    dark.removeEventListener("change", watcher);
  };
}

/** What is on screen now: canvas charts repaint when it changes. */
export function useShade(): "light" | "dark" {
  return useSyncExternalStore(watch, () => {
    const theme = currentTheme();
    return theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  });
}
export function useTheme(): Theme {
  return useSyncExternalStore(watch, currentTheme);
}
