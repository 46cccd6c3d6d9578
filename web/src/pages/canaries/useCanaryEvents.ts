// Canaries as they go on: each event carries the row of one that has moved. Lists and its own page take the row as it is;
// what only the page shows (the band over time, the timeline, the pairs) is asked again, at most once a second.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLive, useLiveStatus } from "../../api/live";
import type { Canary, CanaryDetail } from "../../api/types";

const GAP_MS = 1_000;
/** While the stream cannot be held. */
const POLL_MS = 5_000;
/** Requests that nobody has scored yet raise no event, but are in the shares and the funnel. */
const BEAT_MS = 10_000;

/** The rows with this one in its place; one that is new comes first, where it is of the workload that is listed. */
export function withCanary(rows: Canary[], canary: Canary, workload: string): Canary[] {
  if (rows.some(({ id }) => id === canary.id)) return rows.map((row) => (row.id === canary.id ? canary : row));
  return workload === "" || workload === canary.workload ? [canary, ...rows] : rows;
}

export function useCanaryEvents(): void {
  const client = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const moved = useRef(new Set<string>());
  // Whoever paused the pages has paused this one too.
  const paused = useLiveStatus("events") === "off";
  const status = useLive(
    "canaries",
    ({ event, data }) => {
      if (event !== "canary") return;
      const canary = JSON.parse(data) as Canary;
      for (const [key, list] of client.getQueriesData<{ items: Canary[] }>({ queryKey: ["canaries"] })) {
        if (list) client.setQueryData(key, { ...list, items: withCanary(list.items, canary, String(key[1])) });
      }
      client.setQueryData<CanaryDetail>(["canary", canary.id], (detail) => (detail ? { ...detail, ...canary } : detail));
      moved.current.add(canary.id);
      due.current ??= setTimeout(() => {
        due.current = undefined;
        const ids = new Set(moved.current);
        moved.current.clear();
        void client.invalidateQueries({ predicate: ({ queryKey: [kind, id] }) => kind === "canary" && ids.has(String(id)) });
      }, GAP_MS);
    },
    !paused,
  );
  useEffect(
    () => () => {
      clearTimeout(due.current);
      due.current = undefined;
    },
    [],
  );
  useEffect(() => {
    if (paused) return;
    const beat = setInterval(() => void client.invalidateQueries({ queryKey: ["canary"] }), status === "polling" ? POLL_MS : BEAT_MS);
    return () => clearInterval(beat);
  }, [client, status, paused]);
}
