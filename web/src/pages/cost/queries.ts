import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Range } from "../../lib/time";
import type { Split } from "./split";

const BUCKETS = 48;

export const costSeriesQuery = (split: Split, range: Range) =>
  queryOptions({
    queryKey: ["cost", "series", split, range],
    queryFn: ({ signal }) => get("/cost/series", { signal, query: { ...split, range, buckets: BUCKETS } }),
    placeholderData: (before) => before,
  });
export const costTableQuery = (split: Split, range: Range) =>
  queryOptions({
    queryKey: ["cost", "table", split, range],
    queryFn: ({ signal }) => get("/cost/table", { signal, query: { ...split, range, buckets: BUCKETS } }),
    placeholderData: (before) => before,
  });
