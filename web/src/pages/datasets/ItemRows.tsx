import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { ItemView } from "../../api/types";
import css from "./ItemRows.module.css";
import { itemText } from "./mapping";

const ROW = 32;

interface Props {
  rows: ItemView[];
  open: string | undefined;
  onOpen: (id: string) => void;
  more: (() => void) | undefined;
}

/** Only the rows on screen exist, so that a hundred thousand items cost nothing. */
export function ItemRows({ rows, open, onOpen, more }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (i) => rows[i]?.id ?? i,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 20) more?.();
  }, [last, rows.length, more]);
  return (
    <div className={css.frame}>
      <div className={`${css.row} ${css.header}`} aria-hidden="true">
        <span className="wide">Id</span>
        <span>Input</span>
        <span>Expected</span>
        <span className="wide">Split</span>
      </div>
      <div ref={box} className={css.box} role="list" aria-label="Items" tabIndex={-1}>
        <div style={{ height: list.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index];
            return row ? (
              <div key={item.key} role="listitem" className={css.item} style={{ transform: `translateY(${item.start}px)` }}>
                <button type="button" className={css.row} data-row aria-expanded={row.id === open} onClick={() => onOpen(row.id)}>
                  <Cells row={row} />
                </button>
              </div>
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

function Cells({ row }: { row: ItemView }) {
  const { input, expected } = row.item ? itemText(row.item) : { input: "", expected: "" };
  return (
    <>
      <span className={`${css.cut} mono muted wide`}>{row.id}</span>
      <span className={css.cut}>
        {row.item ? input : <span className="muted">{row.purged ? "purged: its content was destroyed" : "held out"}</span>}
      </span>
      <span className={css.cut}>{expected || <span className="muted">none</span>}</span>
      <span className={`${css.cut} muted wide`}>{row.split ?? "–"}</span>
    </>
  );
}
