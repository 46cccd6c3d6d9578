import { useQuery } from "@tanstack/react-query";
import { answersQuery } from "./queries";

/** Where judge and people part, as a source of answers beside the workloads. */
export const DIFFER = "*differ";

/** The requests that a definition is tried on. */
export function useSpans(source: string, size: number, differ: string[]): string[] {
  const newest = useQuery(answersQuery(source === DIFFER ? "" : source, size)).data?.items ?? [];
  return source === DIFFER ? differ.slice(0, size) : newest.map((row) => row.span_id);
}
