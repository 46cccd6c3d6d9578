// Runs as they go on: each event carries the row of a run that has moved. Lists take the row as it is; a run's own page
// asks for its figures again, at most once a second.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLive } from "../../api/live";
import type { RunRow } from "../../api/types";
import { runsQuery } from "./queries";

const GAP_MS = 1_000;
/** While the stream cannot be held. */
const POLL_MS = 5_000;

/** The rows with this one in its place; one that is new comes first. */
export function withRun(rows: RunRow[], run: RunRow): RunRow[] {
  return rows.some(({ id }) => id === run.id) ? rows.map((row) => (row.id === run.id ? run : row)) : [run, ...rows];
}

export function useRunEvents(): void {
  const client = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const status = useLive("runs", ({ event, data }) => {
    if (event !== "run") return;
    const run = JSON.parse(data) as RunRow;
    client.setQueryData(runsQuery.queryKey, (list) => (list ? { ...list, items: withRun(list.items, run) } : list));
    due.current ??= setTimeout(() => {
      due.current = undefined;
      void client.invalidateQueries({ queryKey: ["run"] });
    }, GAP_MS);
  });
  useEffect(() => () => clearTimeout(due.current), []);
  useEffect(() => {
    if (status !== "polling") return;
    const timer = setInterval(() => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      void client.invalidateQueries({ queryKey: ["run"] });
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [client, status]);
}
