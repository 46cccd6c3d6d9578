import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

/** Shared by the shell, the overview and forms that offer workloads. */
export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => get("/overview", { signal }),
});
export const workloadsQuery = queryOptions({
  queryKey: ["workloads"],
  queryFn: ({ signal }) => get("/workloads", { signal }),
});
export const deploymentsQuery = queryOptions({
  queryKey: ["deployments"],
  queryFn: ({ signal }) => get("/deployments", { signal }),
});
/** Whom weir knows by name, and whose key is in its environment. Both change with a restart or a deployment only. */
export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => get("/providers", { signal }),
  staleTime: 30_000,
});
/** Asked once: the configured order gives each deployment its colour. */
export const coloursQuery = queryOptions({
  queryKey: ["colours"],
  queryFn: ({ signal }) => get("/deployments", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});
export const canariesQuery = (workload?: string) =>
  queryOptions({
    queryKey: ["canaries", workload ?? ""],
    queryFn: ({ signal }) => get("/canaries", { signal, query: { workload } }),
  });
export const datasetsQuery = queryOptions({
  queryKey: ["datasets"],
  queryFn: ({ signal }) => get("/datasets", { signal }),
});
