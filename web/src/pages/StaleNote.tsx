import { isStale } from "../api/client";

/** Under the refusal of an order about what has changed since it was read: the page has read it again. */
export function StaleNote({ error }: { error: Error | null }) {
  if (!isStale(error)) return null;
  return <p className="muted">The page behind this shows it as it is now. Cancel to read it, or press again to do this all the same.</p>;
}
