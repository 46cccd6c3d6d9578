import { queryOptions } from "@tanstack/react-query";
import { get, post } from "../../api/client";

export { configQuery } from "../system/queries";

/** Shorter than the five minutes for which an answer is locked. */
const KEEP_LOCK_MS = 240_000;

/** The answer whose turn it is. Asking again before its label is in gives the same one and renews its lock. */
export const nextQuery = (scorer: string | undefined) =>
  queryOptions({
    queryKey: ["label-next", scorer ?? ""],
    queryFn: ({ signal }) => post("/labels/next", { scorer: scorer ?? null }, { signal }),
    staleTime: 0,
    gcTime: 0,
    refetchInterval: ({ state }) => (state.data?.task ? KEEP_LOCK_MS : 10_000),
  });
export const plansQuery = queryOptions({
  queryKey: ["labels", "plans"],
  queryFn: ({ signal }) => get("/labels/plans", { signal }),
});
export const labelsQuery = (scorer: string | undefined) =>
  queryOptions({
    queryKey: ["labels", scorer ?? ""],
    queryFn: ({ signal }) => get("/labels", { signal, query: { scorer, limit: 50 } }),
  });
