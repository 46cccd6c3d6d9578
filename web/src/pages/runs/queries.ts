import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export { datasetsQuery, deploymentsQuery } from "../shell/queries";
export { workloadsQuery } from "../workloads/queries";
export { configQuery } from "../system/queries";

export const runsQuery = queryOptions({
  queryKey: ["runs"],
  queryFn: ({ signal }) => get("/runs", { signal, query: { limit: 100 } }),
});
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => get("/runs/{id}", { id, signal }),
  });
export const runItemsQuery = (id: string, only: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["run", id, "items", only ?? ""],
    queryFn: ({ signal, pageParam }) => get("/runs/{id}/items", { id, signal, query: { only, limit: 50, cursor: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
export const compareQuery = (a: string, b: string) =>
  queryOptions({
    queryKey: ["run", a, "against", b],
    queryFn: ({ signal }) => get("/runs/compare", { signal, query: { a, b } }),
    enabled: a !== "" && b !== "",
  });
