import type { ScoreRow, Trace } from "../../api/types";
import { grade, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { type Column, Table } from "../../ui/Table";
import { reason } from "./reasons";
import { ScoreNow } from "./ScoreNow";

const columns: Column<ScoreRow>[] = [
  { key: "scorer", title: "Scorer", head: true, cell: (row) => row.scorer },
  {
    key: "value",
    title: "Grade",
    numeric: true,
    cell: (row) => (row.status === "scored" ? grade(row.value) : <span className="muted">not scored</span>),
  },
  { key: "why", title: "Words", cell: (row) => row.explanation ?? (row.reason ? reason(row.reason) : "") },
  { key: "source", title: "Source", wide: true, cell: (row) => <span className="muted">{row.source}</span> },
  { key: "version", title: "Version", wide: true, cell: (row) => <code className="muted">{row.version}</code> },
  { key: "cost", title: "Cost", numeric: true, wide: true, cell: (row) => usd(row.cost_usd) },
  { key: "at", title: "When", numeric: true, wide: true, cell: (row) => <Ago at={row.at} /> },
];

/** What each scorer said. A scorer that could not score says why; it never says zero. */
export function Scores({ trace }: { trace: Trace }) {
  const post = `curl ${location.origin}/api/v1/scores -H 'content-type: application/json' -d '{"span_id":"${trace.span_id}","name":"quality","value":1}'`;
  return (
    <Card title="Scores" question="How good was the answer?">
      {trace.scores.length > 0 ? (
        <Table label="Scores" columns={columns} rows={trace.scores} rowKey={(row) => `${row.scorer}/${row.version}/${row.at}`} />
      ) : (
        <>
          <p className="muted" style={{ marginBottom: 8 }}>
            None yet. Sampled answers are scored in the background; anybody can add a score of their own:
          </p>
          <pre tabIndex={0} aria-label="A score to post">
            {post}
          </pre>
        </>
      )}
      {trace.request !== "" && trace.deployment !== null ? (
        <div style={{ marginTop: 8 }}>
          <ScoreNow trace={trace} />
        </div>
      ) : null}
    </Card>
  );
}
