import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { TraceRow } from "../../api/types";
import { count, grade, ms, NONE, usd } from "../../lib/format";
import { absolute, clock } from "../../lib/time";
import { cut, VirtualRows } from "../../ui/VirtualRows";
import { StatusPill } from "../words";
import css from "./Rows.module.css";

interface Props {
  rows: TraceRow[];
  /** Somebody points at the list or has scrolled into it: nothing may move. */
  onReading: (reading: boolean) => void;
  /** Space on a row asks for a quick look. */
  onPeek: (span: string) => void;
  /** `x` on a row marks it, or takes the mark away. */
  selected: ReadonlySet<string>;
  onSelect: (span: string) => void;
  more: (() => void) | undefined;
}
/** From so many px on somebody has scrolled into the list. */
const SCROLLED = 32;
const rowKey = (row: TraceRow) => row.span_id;

/** Requests, newest first; it tells when somebody reads. */
export function Rows({ rows, onReading, onPeek, selected, onSelect, more }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const pointed = useRef(false);
  const tell = () =>
    onReading(pointed.current || (box.current?.scrollTop ?? 0) > SCROLLED || box.current?.contains(document.activeElement) === true);
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
      {(row) => <Row row={row} onPeek={onPeek} selected={selected.has(row.span_id)} onSelect={onSelect} />}
    </VirtualRows>
  );
}

interface RowProps extends Pick<Props, "onPeek" | "onSelect"> {
  row: TraceRow;
  selected: boolean;
}

function Row({ row, onPeek, selected, onSelect }: RowProps) {
  return (
    <Link
      to="/traces/$span"
      params={{ span: row.span_id }}
      className={`${css.row} ${selected ? css.selected : ""}`}
      data-row
      data-peek={row.span_id}
      onKeyDown={(event) => {
        if (event.key === " ") onPeek(row.span_id);
        else if (event.key === "x") onSelect(row.span_id);
        else return;
        event.preventDefault();
      }}
    >
      <span className="muted mono" title={absolute(row.started_at)}>
        {selected ? <span title="Selected">✓ </span> : null}
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
