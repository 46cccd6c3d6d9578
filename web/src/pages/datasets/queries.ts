import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export { datasetsQuery } from "../shell/queries";
export { workloadsQuery } from "../workloads/queries";

const PAGE = 100;

export interface ItemFilter {
  version?: string | undefined;
  split?: string | undefined;
  q?: string | undefined;
  reveal?: boolean;
}
export const datasetQuery = (name: string) =>
  queryOptions({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => get("/datasets/{name}", { id: name, signal }),
  });
export const itemsQuery = (name: string, filter: ItemFilter) =>
  infiniteQueryOptions({
    queryKey: ["dataset", name, "items", filter],
    queryFn: ({ signal, pageParam }) =>
      get("/datasets/{name}/items", { id: name, signal, query: { ...filter, limit: PAGE, cursor: pageParam } }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
export const diffQuery = (name: string, from: string | undefined, to: string | undefined) =>
  queryOptions({
    queryKey: ["dataset", name, "diff", from ?? "", to ?? ""],
    queryFn: ({ signal }) => get("/datasets/{name}/diff", { id: name, signal, query: { from, to, limit: 200 } }),
  });
export const checkQuery = (name: string, version: string | undefined) =>
  queryOptions({
    queryKey: ["dataset", name, "check", version ?? ""],
    queryFn: ({ signal }) => get("/datasets/{name}/check", { id: name, signal, query: { version } }),
    staleTime: 60_000,
  });
