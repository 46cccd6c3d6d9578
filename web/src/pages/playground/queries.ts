import { queryOptions } from "@tanstack/react-query";
import { ApiError, get } from "../../api/client";

export { deploymentsQuery, workloadsQuery } from "../shell/queries";
export { decisionQuery } from "../traces/queries";

/** What was recorded of an answer. The record comes a moment after the last piece, so a 404 is asked again. */
export const recordQuery = (span: string | null, done: boolean) =>
  queryOptions({
    queryKey: ["playground", span ?? ""],
    queryFn: ({ signal }) => get("/traces/{span_id}", { id: span ?? "", signal }),
    enabled: done && span !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: (failures, error) => failures < 10 && error instanceof ApiError && error.status === 404,
    retryDelay: 200,
  });
