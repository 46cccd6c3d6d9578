// Keeps every page current: events say what changed, and the queries that show it are asked again. What people decide
// on (a canary, a revision) is asked at once, what scores change at most every two seconds. When the stream cannot be
// held, everything is asked again every five seconds. Pages of runs and of canaries follow topics of their own.
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
  "freezes",
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

/** The same, and the list of canaries: their pairs come all the time, but whoever does not follow them asks for the ends only. */
function decided(query: Query): boolean {
  return query.queryKey[0] === "canaries" || moving(query);
}

/** Could not be read because nobody answered. */
function unread({ state: { error } }: Query): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

export function useRefresh(enabled: boolean): LiveStatus {
  const client = useQueryClient();
  const due = useRef<{ timer: ReturnType<typeof setTimeout>; at: number } | null>(null);
  const refresh = (predicate: (query: Query) => boolean) => {
    due.current = null;
    void client.invalidateQueries({ predicate });
  };
  const status = useLive(
    "events",
    ({ event }) => {
      const soon = event === "canary" || event === "policy";
      const at = Date.now() + (soon ? SOON_MS : GAP_MS);
      if (due.current && due.current.at <= at && !soon) return;
      if (due.current) clearTimeout(due.current.timer);
      const last = soon && due.current ? Math.min(at, due.current.at) : at;
      due.current = { timer: setTimeout(() => refresh(soon ? decided : moving), last - Date.now()), at: last };
    },
    enabled,
  );
  // A stream that ends may be a server that has: what is shown says so at once. One that is back brings everything that
  // could not be read meanwhile, also what does not move by itself.
  const followed = useRef(false);
  useEffect(() => {
    const live = status === "live";
    if (live === followed.current || !enabled) return;
    followed.current = live;
    void client.invalidateQueries({ predicate: live ? unread : decided });
  }, [client, status, enabled]);
  useEffect(() => {
    if (!enabled) return;
    const live = status === "live";
    const beat = setInterval(() => void client.invalidateQueries({ predicate: live ? moving : decided }), live ? BEAT_MS : POLL_MS);
    return () => clearInterval(beat);
  }, [client, status, enabled]);
  return status;
}
