import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Range } from "../../lib/time";

export { workloadsQuery } from "../shell/queries";

/** Buckets asked for: one per few pixels of a chart at most. */
const BUCKETS = 60;

/** `undefined` asks nothing: there is no workload yet. */
export const workloadQuery = (id: string | undefined) =>
  queryOptions({
    queryKey: ["workload", id ?? ""],
    queryFn: ({ signal }) => get("/workloads/{id}", { id: id ?? "", signal }),
    enabled: id !== undefined,
  });
export const windowsQuery = (id: string) =>
  queryOptions({
    queryKey: ["windows", id],
    queryFn: ({ signal }) => get("/workloads/{id}/windows", { id, signal }),
  });
export const seriesQuery = (id: string, range: Range) =>
  queryOptions({
    queryKey: ["series", id, range],
    queryFn: ({ signal }) => get("/workloads/{id}/series", { id, signal, query: { range, buckets: BUCKETS } }),
    placeholderData: (before) => before,
  });
export const policiesQuery = (id: string) =>
  queryOptions({
    queryKey: ["workload", id, "policies"],
    queryFn: ({ signal }) => get("/workloads/{id}/policies", { id, signal }),
  });
