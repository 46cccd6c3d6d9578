import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => get("/system", { signal }),
  refetchInterval: 5_000,
});
export const deadJobsQuery = queryOptions({
  queryKey: ["system", "jobs"],
  queryFn: ({ signal }) => get("/jobs", { signal, query: { status: "dead" } }),
  refetchInterval: 15_000,
});
export const configQuery = queryOptions({
  queryKey: ["system", "config"],
  queryFn: ({ signal }) => get("/config", { signal }),
});
export const auditQuery = infiniteQueryOptions({
  queryKey: ["system", "audit"],
  queryFn: ({ signal, pageParam }) => get("/audit", { signal, query: { limit: 50, cursor: pageParam } }),
  initialPageParam: undefined as number | undefined,
  getNextPageParam: (page) => (page.next ? Number(page.next) : undefined),
});
