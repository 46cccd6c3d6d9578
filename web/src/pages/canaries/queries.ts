import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export { canariesQuery } from "../shell/queries";
export { workloadQuery } from "../workloads/queries";
export const canaryQuery = (id: string) =>
  queryOptions({
    queryKey: ["canary", id],
    queryFn: ({ signal }) => get("/canaries/{id}", { id, signal }),
  });
