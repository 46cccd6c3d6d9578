import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type Ref, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { useRowHeight } from "../lib/density";
import css from "./VirtualRows.module.css";

/** Rows before the end at which more are asked for. */
const AHEAD = 20;
/** Rows beyond the edge that exist already, so that j and k find the next one. */
const OVERSCAN = 6;

interface Props<T> {
  label: string;
  rows: T[];
  /** Stable between renders, as `children` need not be. */
  rowKey: (row: T) => string;
  header: ReactNode;
  /** Of the box; one that fits its rows is never higher than they need. */
  height: string;
  fit?: boolean;
  children: (row: T) => ReactNode;
  /** Asks for the next page, where there is one. */
  more: (() => void) | undefined;
  boxRef?: Ref<HTMLDivElement>;
  /** What the box listens to besides. */
  on?: Pick<React.HTMLAttributes<HTMLDivElement>, "onScroll" | "onMouseEnter" | "onMouseLeave" | "onFocus" | "onBlur">;
  /** New rows fade in. */
  fresh?: boolean;
}

/** A list of which only the rows on screen exist, so that a hundred thousand cost nothing. */
export function VirtualRows<T>({ label, rows, rowKey, header, height, children, more, boxRef, on, fit = false, fresh = false }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const keep = (element: HTMLDivElement | null) => {
    box.current = element;
    if (typeof boxRef === "function") boxRef(element);
    else if (boxRef) boxRef.current = element;
  };
  // With a new function the list would measure every row again, at each render.
  const getItemKey = useCallback(
    (i: number) => {
      const row = rows[i];
      return row === undefined ? i : rowKey(row);
    },
    [rows, rowKey],
  );
  const rowHeight = useRowHeight();
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    getItemKey,
  });
  // Heights are kept: at another density all of them are wrong.
  useLayoutEffect(() => list.measure(), [list, rowHeight]);
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - AHEAD) more?.();
  }, [last, rows.length, more]);
  return (
    <div className={css.frame}>
      <div className={css.header} aria-hidden="true">
        {header}
      </div>
      <div
        ref={keep}
        className={css.box}
        style={{ height: fit ? `min(${height}, ${rows.length * rowHeight}px)` : height }}
        role="list"
        aria-label={label}
        tabIndex={-1}
        {...on}
      >
        <div style={{ height: list.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : (
              <div
                key={item.key}
                role="listitem"
                className={`${css.item} ${fresh ? "fresh" : ""}`}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {children(row)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Text that ends in an ellipsis where it does not fit. */
export const cut = css.cut;
