import type { ReactNode } from "react";
import { Card } from "./Card";
import { Loaded, type Query } from "./Loaded";
import { type Column, exportRows, sorted, Table } from "./Table";

interface Props<D, T> {
  title: ReactNode;
  question: ReactNode;
  /** Names the table, and the exported file. */
  label: string;
  columns: Column<T>[];
  query: Query<D>;
  /** Of the reply, those that are shown. */
  rows: (data: D) => T[];
  rowKey: (row: T) => string;
  /** Said, with what to do about it, where there is nothing at all. */
  empty: ReactNode;
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  /** Beside the export. */
  tools?: ReactNode;
  /** Under the table. */
  children?: ReactNode;
}

/** The frame of every list: what is loaded, its empty state, the table, and an export of just what it shows. */
export function TableCard<D, T>({
  title,
  question,
  label,
  columns,
  query,
  rows,
  rowKey,
  empty,
  sort,
  onSort,
  tools,
  children,
}: Props<D, T>) {
  const shown = query.data === undefined ? [] : sorted(rows(query.data), columns, sort);
  return (
    <Card
      title={title}
      question={question}
      tools={
        <>
          {tools}
          {shown.length > 0 ? (
            <button type="button" className="btn quiet" data-export onClick={() => exportRows(label, columns, shown)}>
              Export CSV
            </button>
          ) : null}
        </>
      }
    >
      <Loaded query={query} height={160}>
        {() =>
          shown.length === 0 ? (
            empty
          ) : (
            <Table label={label} columns={columns} rows={shown} rowKey={rowKey} sort={sort} {...(onSort ? { onSort } : {})} />
          )
        }
      </Loaded>
      {children}
    </Card>
  );
}
