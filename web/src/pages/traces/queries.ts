import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Filter } from "./filter";

const PAGE = 100;

export const tracesQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ["traces", filter],
    queryFn: ({ signal, pageParam }) => get("/traces", { signal, query: { ...filter, limit: PAGE, cursor: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
export const traceQuery = (span: string) =>
  queryOptions({
    queryKey: ["trace", span],
    queryFn: ({ signal }) => get("/traces/{id}", { id: span, signal }),
    // Scores arrive after the answer; ask again while the span is young.
    refetchInterval: ({ state }) => (state.data && Date.now() - Date.parse(state.data.started_at) < 120_000 ? 3_000 : false),
  });
export const decisionQuery = (span: string) =>
  queryOptions({
    queryKey: ["decision", span],
    queryFn: ({ signal }) => get("/decisions/{id}", { id: span, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
