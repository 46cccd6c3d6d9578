// Keeps every page current: events say what changed, and the queries that show it are asked again. What people decide
// on (a canary, a revision) is asked at once, what scores change at most every two seconds. When the stream cannot be
// held, everything is asked again every five seconds.
import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ApiError } from "../../api/client";
import { type LiveStatus, useLive } from "../../api/live";

const SOON_MS = 100;
const GAP_MS = 2_000;
const POLL_MS = 5_000;
/** Requests alone raise no event, so a slow beat stays even while the stream is live. */
const BEAT_MS = 10_000;
/** Queries that new scores and requests change all the time. */
const MOVING = new Set([
  "overview",
  "workloads",
  "workload",
  "windows",
  "series",
  "canaries",
  "canary",
  "deployments",
  "datasets",
  "policies",
  "policy-diffs",
  "policy-diff",
  "cost",
]);

/** What is shown and may have changed; a thing that is not there is not asked for again and again. */
function moving(query: Query): boolean {
  const { error } = query.state;
  return MOVING.has(String(query.queryKey[0])) && !(error instanceof ApiError && error.status === 404);
}

export function useRefresh(enabled: boolean): LiveStatus {
  const client = useQueryClient();
  const due = useRef<{ timer: ReturnType<typeof setTimeout>; at: number } | null>(null);
  const refresh = () => {
    due.current = null;
    void client.invalidateQueries({ predicate: moving });
  };
  const status = useLive(
    "events",
    ({ event }) => {
      const at = Date.now() + (event === "canary" || event === "policy" ? SOON_MS : GAP_MS);
      if (due.current && due.current.at <= at) return;
      if (due.current) clearTimeout(due.current.timer);
      due.current = { timer: setTimeout(refresh, at - Date.now()), at };
    },
    enabled,
  );
  useEffect(() => {
    if (!enabled) return;
    const beat = setInterval(() => void client.invalidateQueries({ predicate: moving }), status === "live" ? BEAT_MS : POLL_MS);
    return () => clearInterval(beat);
  }, [client, status, enabled]);
  return status;
}
