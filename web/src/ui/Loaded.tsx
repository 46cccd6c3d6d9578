import type { ReactNode } from "react";
import { sentence } from "../lib/format";

interface Problem extends Error {
  status?: number;
  code?: string | null;
  hint?: string | null;
}
/** As much of a query as is shown. */
export interface Query<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface Props<T> {
  query: Query<T>;
  height?: number;
  /** Above what went wrong, where the head of the page comes with the data. */
  head?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Shows what a query brought: the data, a skeleton of the same height, or what went wrong and what to do. */
export function Loaded<T>({ query, height = 120, head, children }: Props<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && !away(query.error) ? <Stale error={query.error} /> : null}
        {children(query.data)}
      </>
    );
  }
  if (query.error) {
    return (
      <>
        {head}
        <Failed error={query.error} retry={() => void query.refetch()} />
      </>
    );
  }
  return <Skeleton height={height} />;
}

/** Nobody answers: the frame says so for all that is shown. */
const away = (error: Problem): boolean => error.status === 0;

export function Skeleton({ height }: { height: number }) {
  return (
    <div className="skeleton" style={{ height }} role="status">
      <span className="hidden">Loading</span>
    </div>
  );
}

function Stale({ error }: { error: Error }) {
  return (
    <p className="small warn" role="status">
      Not up to date: {error.message}. Trying again.
    </p>
  );
}

/** What the server says are clauses; here they stand alone. */
function whole(clause: string): string {
  const text = sentence(clause);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** An error in the server's words, its hint, and a way on. */
export function Failed({ error, retry }: { error: Problem; retry?: () => void }) {
  return (
    <div className="banner bad" role="alert">
      <span className="bad" aria-hidden="true">
        ✕
      </span>
      <p>
        <strong>{whole(error.message)}</strong> {error.hint ? whole(error.hint) : ""}
        {error.code ? (
          <span className="muted">
            {" "}
            Code <code>{error.code}</code>; <code>weir explain {error.code}</code> tells more.
          </span>
        ) : null}
      </p>
      {retry && error.status !== 404 ? (
        <button type="button" className="btn" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}
