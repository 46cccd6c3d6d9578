import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, post } from "../../api/client";
import type { ConfigRow, Trace, TriedItem } from "../../api/types";
import { grade, ms, NONE, usd } from "../../lib/format";
import { Failed, Loaded } from "../../ui/Loaded";
import { type Column, Table } from "../../ui/Table";
import { fromSettings } from "../scorers/definition";
import { settingsOf } from "../scorers/gather";
import { configQuery } from "../system/queries";
import { workloadQuery } from "../workloads/queries";
import { reason } from "./reasons";

/** What one scorer says of the answer now, or why it was not asked. */
export interface Now {
  scorer: string;
  item: TriedItem | null;
  refused: string | null;
}

/** The model that a scorer asks, by its settings; `null` for a check, which costs nothing. */
export function asks(config: ConfigRow[], scorer: string): string | null {
  const { model } = fromSettings(settingsOf(config, scorer));
  return typeof model === "string" ? model : null;
}

const columns: Column<Now>[] = [
  { key: "scorer", title: "Scorer", head: true, cell: (row) => row.scorer },
  {
    key: "value",
    title: "Grade now",
    numeric: true,
    cell: ({ item }) => (typeof item?.value === "number" ? grade(item.value) : <span className="muted">not scored</span>),
  },
  {
    key: "why",
    title: "Words",
    cell: ({ item, refused }) => refused ?? item?.explanation ?? (item?.unscored ? reason(item.unscored) : ""),
  },
  { key: "cost", title: "Cost", numeric: true, wide: true, cell: ({ item }) => (item ? usd(item.cost_usd) : NONE) },
  { key: "took", title: "Took", numeric: true, wide: true, cell: ({ item }) => (item ? ms(item.latency_ms) : NONE) },
];

/** One after the other: weir tries one definition at a time. A scorer that cannot be tried keeps no other from it. */
async function tryAll(scorers: string[], span: string, agreed: boolean): Promise<Now[]> {
  const out: Now[] = [];
  for (const scorer of scorers) {
    try {
      const tried = await post("/scorers/try", { scorer, spans: [span], confirm_spend: agreed });
      out.push({ scorer, item: tried.items[0] ?? null, refused: null });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0 || error.status === 401) throw error;
      out.push({ scorer, item: null, refused: error.message });
    }
  }
  return out;
}

/** Asks the workload's scorers about this answer at once. What they say is shown and not kept. */
export function ScoreNow({ trace }: { trace: Pick<Trace, "span_id" | "workload"> }) {
  const workload = useQuery(workloadQuery(trace.workload));
  const config = useQuery(configQuery);
  return (
    <Loaded query={workload} height={28}>
      {({ scorers }) => (
        <Loaded query={config} height={28}>
          {({ items }) => (scorers.length > 0 ? <Ask span={trace.span_id} scorers={scorers} config={items} /> : <None />)}
        </Loaded>
      )}
    </Loaded>
  );
}

function None() {
  return (
    <p className="muted">
      No scorer grades this workload. Name one in weir.toml, <code>scorers = [&quot;…&quot;]</code>, and its answers can be scored.
    </p>
  );
}

function Ask({ span, scorers, config }: { span: string; scorers: string[]; config: ConfigRow[] }) {
  const [agreed, setAgreed] = useState(false);
  const models = [...new Set(scorers.flatMap((scorer) => asks(config, scorer) ?? []))];
  const run = useMutation({ mutationFn: () => tryAll(scorers, span, agreed) });
  return (
    <div className="stack">
      {run.data ? <Table label="Scored now" columns={columns} rows={run.data} rowKey={(row) => row.scorer} /> : null}
      <div className="row">
        <button type="button" className="btn" disabled={run.isPending || (models.length > 0 && !agreed)} onClick={() => run.mutate()}>
          {run.isPending ? "Scoring…" : "Score now"}
        </button>
        {models.length > 0 ? (
          <label className="row">
            <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.target.checked)} />
            <span>It asks {models.join(" and ")}, which its provider bills</span>
          </label>
        ) : null}
        <span className="muted small grow">
          By {scorers.join(", ")}. Shown here and not kept: windows are fed by samples, and an answer that a person picked is none.
        </span>
      </div>
      <div aria-live="polite">{run.error ? <Failed error={run.error} /> : null}</div>
    </div>
  );
}
