import type { TraceRow } from "../../api/types";
import { csv, download } from "../../lib/csv";

const COLUMNS = [
  "started_at",
  "span_id",
  "workload",
  "deployment",
  "strategy",
  "revision",
  "status",
  "code",
  "origin",
  "latency_ms",
  "ttft_ms",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "attempts",
  "arm",
  "score",
] as const satisfies (keyof TraceRow)[];

export function exportTraces(rows: TraceRow[]): void {
  download(
    "traces.csv",
    csv(
      [...COLUMNS],
      rows.map((row) => COLUMNS.map((name) => row[name])),
    ),
  );
}
