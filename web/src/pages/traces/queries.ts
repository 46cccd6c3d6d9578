import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Range } from "../../lib/time";
import { asked, type Filter } from "./filter";

/** Rows a page; as many as the server gives, so that a long list takes few questions. */
const PAGE = 500;
const BARS = 80;

export const tracesQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ["traces", filter],
    queryFn: ({ signal, pageParam }) => get("/traces", { signal, query: { ...asked(filter), limit: PAGE, cursor: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    // Comparing every row of every page with the one before is what stalls a long list; rows never change.
    structuralSharing: false,
    // All pages would be asked for again.
    refetchOnWindowFocus: false,
  });
export const facetsQuery = (filter: Filter, range: Range) =>
  queryOptions({
    queryKey: ["facets", filter, range],
    queryFn: ({ signal }) => get("/traces/facets", { signal, query: { ...asked(filter), range, buckets: BARS } }),
    placeholderData: (before) => before,
  });
export const whatIfQuery = (span: string, query: { without?: string | undefined; floor?: number | undefined }) =>
  queryOptions({
    queryKey: ["decision", span, "what-if", query],
    queryFn: ({ signal }) => get("/decisions/{span_id}/replay", { id: span, signal, query }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
    retry: false,
  });
export const traceQuery = (span: string) =>
  queryOptions({
    queryKey: ["trace", span],
    queryFn: ({ signal }) => get("/traces/{span_id}", { id: span, signal }),
    // Scores arrive after the answer; ask again while the span is young.
    refetchInterval: ({ state }) => (state.data && Date.now() - Date.parse(state.data.started_at) < 120_000 ? 3_000 : false),
  });
export const decisionQuery = (span: string) =>
  queryOptions({
    queryKey: ["decision", span],
    queryFn: ({ signal }) => get("/decisions/{span_id}", { id: span, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
