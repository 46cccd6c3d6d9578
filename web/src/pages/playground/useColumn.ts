import { useCallback, useEffect, useRef, useState } from "react";
import { complete, type Said } from "../../api/complete";

export interface Answer {
  state: "idle" | "asking" | "done" | "failed" | "stopped";
  text: string;
  span: string | null;
  deployment: string | null;
  /** Since the request was sent, in ms. */
  ttft_ms: number | null;
  total_ms: number | null;
  error: Error | null;
}
const IDLE: Answer = { state: "idle", text: "", span: null, deployment: null, ttft_ms: null, total_ms: null, error: null };

/** One column: asks when told, shows the answer as it comes, and can be stopped. */
export function useColumn(model: string, workload: string | undefined) {
  const [answer, setAnswer] = useState(IDLE);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const stop = useCallback(() => running.current?.abort(), []);
  const ask = useCallback(
    async (messages: Said[]) => {
      running.current?.abort();
      const stopper = new AbortController();
      running.current = stopper;
      const began = performance.now();
      const since = () => performance.now() - began;
      setAnswer({ ...IDLE, state: "asking" });
      try {
        for await (const piece of complete(model, messages, workload, stopper.signal)) {
          setAnswer((before) => ({
            ...before,
            span: piece.span,
            deployment: piece.deployment,
            text: before.text + piece.text,
            ttft_ms: before.ttft_ms ?? (piece.text ? since() : null),
          }));
        }
        setAnswer((before) => ({ ...before, state: "done", total_ms: since() }));
      } catch (cause) {
        if (running.current !== stopper) return;
        const error = cause instanceof Error ? cause : new Error(String(cause));
        setAnswer((before) =>
          stopper.signal.aborted ? { ...before, state: "stopped", total_ms: since() } : { ...before, state: "failed", error },
        );
      }
    },
    [model, workload],
  );
  return { answer, ask, stop };
}
