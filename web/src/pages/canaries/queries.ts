import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export { canariesQuery } from "../shell/queries";
export { workloadQuery, workloadsQuery } from "../workloads/queries";
export { traceQuery } from "../traces/queries";

export const canaryQuery = (id: string) =>
  queryOptions({
    queryKey: ["canary", id],
    queryFn: ({ signal }) => get("/canaries/{id}", { id, signal }),
  });
export const pairsQuery = (id: string) =>
  queryOptions({
    queryKey: ["canary", id, "pairs"],
    queryFn: ({ signal }) => get("/canaries/{id}/pairs", { id, signal }),
  });
export const shareQuery = (id: string) =>
  queryOptions({
    queryKey: ["canary", id, "share"],
    queryFn: ({ signal }) => get("/canaries/{id}/share", { id, signal }),
  });
export const freezesQuery = queryOptions({
  queryKey: ["freezes"],
  queryFn: ({ signal }) => get("/freezes", { signal }),
});
/** Proposals of the planner that nobody has started yet. */
export const draftsQuery = queryOptions({
  queryKey: ["policy-diffs", "drafts"],
  queryFn: ({ signal }) => get("/policy-diffs", { signal }),
});
