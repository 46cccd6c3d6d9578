import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { TraceRow } from "../../api/types";
import { count, grade, ms, NONE, usd } from "../../lib/format";
import { absolute, clock } from "../../lib/time";
import { StatusPill } from "../words";
import css from "./Rows.module.css";

const ROW = 32;

interface Props {
  rows: TraceRow[];
  /** Somebody points at the list or has scrolled into it: nothing may move. */
  onReading: (reading: boolean) => void;
  /** Space on a row asks for a quick look. */
  onPeek: (span: string) => void;
  more: (() => void) | undefined;
}

/** A virtual list: only rows on screen exist, so that thousands cost nothing. */
export function Rows({ rows, onReading, onPeek, more }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const pointed = useRef(false);
  const tell = () =>
    onReading(pointed.current || (box.current?.scrollTop ?? 0) > ROW || box.current?.contains(document.activeElement) === true);
  const point = (inside: boolean) => {
    pointed.current = inside;
    tell();
  };
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (i) => rows[i]?.span_id ?? i,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 20) more?.();
  }, [last, rows.length, more]);
  return (
    <div className={css.frame}>
      <div className={`${css.row} ${css.header}`} aria-hidden="true">
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
      <div
        ref={box}
        className={css.box}
        onScroll={tell}
        onMouseEnter={() => point(true)}
        onMouseLeave={() => point(false)}
        onFocus={tell}
        onBlur={() => setTimeout(tell)}
        role="list"
        aria-label="Requests, newest first"
        tabIndex={-1}
      >
        <div style={{ height: list.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index];
            return row ? <Row key={item.key} row={row} top={item.start} onPeek={onPeek} /> : null;
          })}
        </div>
      </div>
    </div>
  );
}

function Row({ row, top, onPeek }: { row: TraceRow; top: number; onPeek: (span: string) => void }) {
  return (
    <div role="listitem" className={`${css.item} fresh`} style={{ transform: `translateY(${top}px)` }}>
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
        <span className={css.cut}>{row.workload}</span>
        <span className={`${css.cut} ${css.deployment} mono`}>
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
    </div>
  );
}
