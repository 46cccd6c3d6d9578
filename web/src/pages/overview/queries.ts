import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Range } from "../../lib/time";
import { overviewQuery } from "../shell/queries";

/** What the frame asks for too. */
export const USUAL: Range = "24h";

/** The front page of a range; what was shown stays until it is there. */
export const rangeQuery = (range: Range) =>
  queryOptions({
    queryKey: range === USUAL ? overviewQuery.queryKey : ["overview", range],
    queryFn: ({ signal }) => get("/overview", { signal, query: range === USUAL ? {} : { range } }),
    placeholderData: (before) => before,
  });

export { workloadQuery } from "../workloads/queries";
