import { useEffect, useRef, useState } from "react";
import { type LiveStatus, useLive } from "../../api/live";
import type { TraceRow } from "../../api/types";
import { type Filter, matches } from "./filter";
import { EMPTY, FLUSH_MS, flush, type Tail, take, WAITING } from "./tail";

/** Rows that came since the page opened. While `paused` they wait, and `resume` lets all of them through. */
export function useTail(filter: Filter, on: boolean, paused: boolean): { tail: Tail; status: LiveStatus } {
  const [tail, setTail] = useState(EMPTY);
  const burst = useRef<TraceRow[]>([]);
  const missed = useRef(0);
  const key = JSON.stringify(filter);
  const status = useLive(
    "traces",
    (message) => {
      if (message.event === "dropped") missed.current += (JSON.parse(message.data) as { dropped: number }).dropped;
      if (message.event !== "trace") return;
      const row = JSON.parse(message.data) as TraceRow;
      if (matches(row, filter)) burst.current.push(row);
    },
    on,
  );
  useEffect(() => {
    burst.current = [];
    setTail(EMPTY);
  }, [key, on]);
  const wasPaused = useRef(false);
  useEffect(() => {
    const timer = setInterval(() => {
      const rows = burst.current;
      burst.current = [];
      const lost = missed.current;
      missed.current = 0;
      const resumed = wasPaused.current && !paused;
      wasPaused.current = paused;
      setTail((before) => {
        if (rows.length === 0 && lost === 0 && (paused || before.waiting.length === 0)) return before;
        const taken = take({ ...before, dropped: before.dropped + lost }, rows);
        return paused ? taken : flush(taken, resumed ? WAITING : undefined);
      });
    }, FLUSH_MS);
    return () => clearInterval(timer);
  }, [paused]);
  return { tail, status };
}
