import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";

export { datasetsQuery } from "../shell/queries";
export const datasetQuery = (name: string) =>
  queryOptions({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => get("/datasets/{id}", { id: name, signal }),
  });
