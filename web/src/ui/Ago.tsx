import { useSyncExternalStore } from "react";
import { absolute, ago, agoWords } from "../lib/time";

let now = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, 5000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** `14 min`, kept up to date, with the absolute time on hover; in `words`, `14 min ago`. */
export function Ago({ at, words = false }: { at: string; words?: boolean }) {
  const time = useSyncExternalStore(watch, () => now);
  return (
    <time dateTime={at} title={absolute(at)} className="nowrap">
      {(words ? agoWords : ago)(at, Math.max(time, Date.parse(at)))}
    </time>
  );
}
