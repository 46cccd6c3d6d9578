import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import { gather } from "./gather";

export { configQuery } from "../system/queries";

/** Every scorer with its windows in all workloads: there are few workloads, and each is one small reply. */
export const scorersQuery = queryOptions({
  queryKey: ["windows", "scorers"],
  queryFn: async ({ signal }) => {
    const [{ items: workloads }, { items: config }] = await Promise.all([get("/workloads", { signal }), get("/config", { signal })]);
    const details = await Promise.all(
      workloads.map(async ({ id }) => {
        const [workload, windows] = await Promise.all([
          get("/workloads/{id}", { id, signal }),
          get("/workloads/{id}/windows", { id, signal }),
        ]);
        return { workload: id, scorers: workload.scorers, windows: windows.items };
      }),
    );
    return { items: gather(details, config) };
  },
});
