import { type KeyboardEvent, type ReactNode, useState } from "react";
import { csv, download } from "../lib/csv";
import { Dialog } from "./Dialog";
import { Scroll } from "./Scroll";

export interface Column<T> {
  key: string;
  title: string;
  /** Right-aligned figures. */
  numeric?: boolean;
  /** Left out on phones; where it is `"only"`, on tablets too. */
  wide?: boolean | "only";
  /** The row's name, marked as its header. */
  head?: boolean;
  cell: (row: T) => ReactNode;
  /** What sorts and what is exported. */
  value?: (row: T) => string | number | null;
}
interface Props<T> {
  /** Names the table for assistive technology and the exported file. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** `quality` or `-quality`: the sorted column, a minus for descending. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
}

/** Rows in the order `sort` asks for; missing values last whichever way. */
export function sorted<T>(rows: T[], columns: Column<T>[], sort: string | undefined): T[] {
  const down = sort?.startsWith("-") ?? false;
  const value = columns.find((column) => column.key === (down ? sort?.slice(1) : sort))?.value;
  if (!value) return rows;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return down ? -order : order;
  });
}

export function exportRows<T>(label: string, columns: Column<T>[], rows: T[]): void {
  const kept = columns.filter((column) => column.value);
  const cells = rows.map((row) => kept.map((column) => column.value?.(row)));
  download(
    `${label.toLowerCase().replaceAll(" ", "-")}.csv`,
    csv(
      kept.map((column) => column.title),
      cells,
    ),
  );
}

/** A plain table. Sorting is the caller's, so that it can live in the URL. On a row, `Space` peeks and `x` selects. */
export function Table<T>({ label, columns, rows, rowKey, sort, onSort }: Props<T>) {
  const shown = sorted(rows, columns, sort);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [peeked, setPeeked] = useState<string | null>(null);
  const peek = shown.find((row) => rowKey(row) === peeked);
  const chosen = shown.filter((row) => selected.has(rowKey(row)));
  const onKey = (event: KeyboardEvent, key: string) => {
    if (!(event.target instanceof HTMLElement) || !event.target.hasAttribute("data-row")) return;
    if (event.key === " ") setPeeked(key);
    else if (event.key === "x") {
      const next = new Set(selected);
      if (!next.delete(key)) next.add(key);
      setSelected(next);
    } else return;
    event.preventDefault();
  };
  const css = (column: Column<T>) =>
    `${column.numeric ? "n" : ""} ${column.wide === "only" ? "widest" : column.wide ? "wide" : ""}`.trim() || undefined;
  return (
    <Scroll label={label}>
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => {
              const down = sort === `-${column.key}`;
              const up = sort === column.key;
              const order = down ? "descending" : up ? "ascending" : undefined;
              return (
                <th key={column.key} scope="col" className={css(column)} aria-sort={order}>
                  {onSort && column.value ? (
                    <button type="button" onClick={() => onSort(down ? column.key : `-${column.key}`)}>
                      {column.title}
                      {down ? " ↓" : up ? " ↑" : ""}
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr
              key={rowKey(row)}
              onKeyDown={(event) => onKey(event, rowKey(row))}
              className={selected.has(rowKey(row)) ? "selected" : undefined}
            >
              {columns.map((column) =>
                column.head ? (
                  <th key={column.key} scope="row" className={css(column)}>
                    {selected.has(rowKey(row)) ? <span title="Selected">✓ </span> : null}
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} className={css(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {chosen.length > 0 ? (
        <div className="row small" role="status" style={{ padding: "8px 8px 0" }}>
          {chosen.length} selected
          <button type="button" className="btn" onClick={() => exportRows(label, columns, chosen)}>
            Export them
          </button>
          <button type="button" className="btn quiet" onClick={() => setSelected(new Set())}>
            Clear
          </button>
        </div>
      ) : null}
      {peek ? (
        <Dialog title={label} onClose={() => setPeeked(null)}>
          <dl className="facts">
            {columns.map((column) => (
              <div key={column.key} style={{ display: "contents" }}>
                <dt>{column.title}</dt>
                <dd>{column.cell(peek)}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      ) : null}
    </Scroll>
  );
}
