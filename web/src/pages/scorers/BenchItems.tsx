import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Trace, Tried, TriedItem } from "../../api/types";
import { difference, grade, ms, NONE, usd } from "../../lib/format";
import { type Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import { answerOf, messagesOf } from "../traces/text";
import { answerQuery } from "./queries";

interface Row {
  span: string;
  asked: string;
  answer: string;
  /** What the configured judge said. */
  now: number | null;
  tried: TriedItem | null;
}

function rowOf(span: string, name: string, trace: Trace | undefined, tried: Tried | null): Row {
  const said = trace ? messagesOf(trace.request) : [];
  return {
    span,
    asked: said.findLast((message) => message.role === "user")?.text ?? "",
    answer: (trace && answerOf(trace.response)) ?? "",
    now: trace?.scores.find((score) => score.scorer === name)?.value ?? null,
    tried: tried?.items.find((item) => item.span_id === span) ?? null,
  };
}

const columns: Column<Row>[] = [
  {
    key: "span",
    title: "Request",
    head: true,
    cell: (row) => (
      <Link to="/traces/$span" params={{ span: row.span }} data-row className="mono">
        {row.span.slice(0, 8)}
      </Link>
    ),
    value: (row) => row.span,
  },
  { key: "asked", title: "Question", wide: true, cell: (row) => <span className="clamp">{row.asked}</span>, value: (row) => row.asked },
  { key: "answer", title: "Answer", cell: (row) => <span className="clamp">{row.answer}</span>, value: (row) => row.answer },
  { key: "now", title: "Now", numeric: true, cell: (row) => grade(row.now), value: (row) => row.now },
  {
    key: "tried",
    title: "Tried",
    numeric: true,
    cell: (row) =>
      row.tried ? (
        row.tried.value === null || row.tried.value === undefined ? (
          <span className="warn">none</span>
        ) : (
          grade(row.tried.value)
        )
      ) : (
        NONE
      ),
    value: (row) => row.tried?.value ?? null,
  },
  {
    key: "change",
    title: "Change",
    numeric: true,
    wide: true,
    cell: (row) => (row.now === null || typeof row.tried?.value !== "number" ? NONE : difference(row.tried.value - row.now)),
  },
  {
    key: "why",
    title: "In its words",
    cell: (row) => (
      <span className="clamp" title={row.tried?.explanation ?? undefined}>
        {row.tried ? [row.tried.unscored, row.tried.explanation].filter(Boolean).join(": ") : ""}
      </span>
    ),
    value: (row) => row.tried?.explanation ?? row.tried?.unscored ?? null,
  },
  {
    key: "cost",
    title: "Cost",
    numeric: true,
    wide: true,
    cell: (row) => (row.tried ? usd(row.tried.cost_usd) : NONE),
    value: (row) => row.tried?.cost_usd ?? null,
  },
  {
    key: "took",
    title: "Took",
    numeric: true,
    wide: true,
    cell: (row) => (row.tried ? ms(row.tried.latency_ms) : NONE),
    value: (row) => row.tried?.latency_ms ?? null,
  },
];

/** The answers, what the judge says of them now, and what the tried definition says. */
export function BenchItems({ name, spans, tried }: { name: string; spans: string[]; tried: Tried | null }) {
  const traces = useQueries({ queries: spans.map((span) => answerQuery(span)) });
  const rows = spans.map((span, i) => rowOf(span, name, traces[i]?.data, tried));
  return (
    <TableCard
      title="What it says of them"
      question="Now is the configured judge, tried the one above."
      label={`Tried for ${name}`}
      columns={columns}
      query={{ data: rows, error: null, refetch: () => undefined }}
      rows={(all) => all}
      rowKey={(row) => row.span}
      empty={<p className="muted">This workload has no answers yet: send requests, or pick another source.</p>}
    />
  );
}
