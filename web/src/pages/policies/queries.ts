import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export const revisionsQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: ({ signal }) => get("/policies", { signal }),
});
export const diffsQuery = (workload?: string) =>
  queryOptions({
    queryKey: ["policy-diffs", workload ?? ""],
    queryFn: ({ signal }) => get("/policy-diffs", { signal, query: { workload } }),
  });
export const diffQuery = (id: string) =>
  queryOptions({
    queryKey: ["policy-diff", id],
    queryFn: ({ signal }) => get("/policy-diffs/{id}", { id, signal }),
  });
export const diffReplayQuery = (id: string) =>
  queryOptions({
    queryKey: ["policy-diff", id, "replay"],
    queryFn: ({ signal }) => get("/policy-diffs/{id}/replay", { id, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
export const replayQuery = (workload: string, revision: string, against: string | undefined) =>
  queryOptions({
    queryKey: ["policy-replay", workload, revision, against ?? ""],
    queryFn: ({ signal }) => get("/workloads/{id}/policies/{revision}/replay", { id: [workload, revision], signal, query: { against } }),
    staleTime: 30_000,
  });
