import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { TraceRow } from "../../api/types";
import { count, grade, ms, NONE, usd } from "../../lib/format";
import { absolute, clock } from "../../lib/time";
import { cut, ROW, VirtualRows } from "../../ui/VirtualRows";
import { StatusPill } from "../words";
import css from "./Rows.module.css";

interface Props {
  rows: TraceRow[];
  /** Somebody points at the list or has scrolled into it: nothing may move. */
  onReading: (reading: boolean) => void;
  /** Space on a row asks for a quick look. */
  onPeek: (span: string) => void;
  more: (() => void) | undefined;
}
const rowKey = (row: TraceRow) => row.span_id;

/** Requests, newest first; it tells when somebody reads. */
export function Rows({ rows, onReading, onPeek, more }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const pointed = useRef(false);
  const tell = () =>
    onReading(pointed.current || (box.current?.scrollTop ?? 0) > ROW || box.current?.contains(document.activeElement) === true);
  const point = (inside: boolean) => {
    pointed.current = inside;
    tell();
  };
  return (
    <VirtualRows
      label="Requests, newest first"
      rows={rows}
      rowKey={rowKey}
      height="max(320px, calc(100vh - 290px))"
      more={more}
      boxRef={box}
      fresh
      on={{
        onScroll: tell,
        onMouseEnter: () => point(true),
        onMouseLeave: () => point(false),
        onFocus: tell,
        onBlur: () => setTimeout(tell),
      }}
      header={
        <div className={css.row}>
          <span>Time</span>
          <span>Workload</span>
          <span className={css.deployment}>Deployment</span>
          <span>Status</span>
          <span className={css.n}>Latency</span>
          <span className={`${css.n} wide`}>TTFT</span>
          <span className={`${css.n} wide`}>Tokens</span>
          <span className={`${css.n} wide`}>Cost</span>
          <span className={css.n}>Score</span>
        </div>
      }
    >
      {(row) => <Row row={row} onPeek={onPeek} />}
    </VirtualRows>
  );
}

function Row({ row, onPeek }: { row: TraceRow; onPeek: (span: string) => void }) {
  return (
    <Link
      to="/traces/$span"
      params={{ span: row.span_id }}
      className={css.row}
      data-row
      data-peek={row.span_id}
      onKeyDown={(event) => {
        if (event.key !== " ") return;
        event.preventDefault();
        onPeek(row.span_id);
      }}
    >
      <span className="muted mono" title={absolute(row.started_at)}>
        {clock(row.started_at).slice(0, 8)}
        <span className="wide">{clock(row.started_at).slice(8)}</span>
      </span>
      <span className={cut}>{row.workload}</span>
      <span className={`${cut} ${css.deployment} mono`}>
        {row.deployment ?? NONE}
        {row.arm ? <span className="muted"> {row.arm === "candidate" ? "◐ canary" : "○ control"}</span> : null}
      </span>
      <span>
        <StatusPill status={row.status} code={row.code} short />
        {row.attempts > 1 ? <span className="muted small wide"> {count(row.attempts)} tries</span> : null}
      </span>
      <span className={css.n}>{ms(row.latency_ms)}</span>
      <span className={`${css.n} wide muted`}>{ms(row.ttft_ms)}</span>
      <span className={`${css.n} wide muted`}>
        {count(row.input_tokens)} → {count(row.output_tokens)}
      </span>
      <span className={`${css.n} wide`}>{usd(row.cost_usd)}</span>
      <span className={css.n}>{grade(row.score)}</span>
    </Link>
  );
}
