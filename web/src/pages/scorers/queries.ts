import { queryOptions } from "@tanstack/react-query";
import { get } from "../../api/client";
import { judgesOf } from "../labels/judges";
import { gather, type ScorerRow } from "./gather";

export { configQuery } from "../system/queries";

/** Every scorer with its windows in all workloads: there are few workloads, and each is one small reply. */
export const scorersQuery = queryOptions({
  queryKey: ["windows", "scorers"],
  queryFn: async ({ signal }) => {
    const [{ items: workloads }, { items: config }, { items: sums }] = await Promise.all([
      get("/workloads", { signal }),
      get("/config", { signal }),
      get("/scorers", { signal }),
    ]);
    const details = await Promise.all(
      workloads.map(async ({ id }) => {
        const [workload, windows] = await Promise.all([
          get("/workloads/{id}", { id, signal }),
          get("/workloads/{id}/windows", { id, signal }),
        ]);
        return { workload: id, scorers: workload.scorers, windows: windows.items };
      }),
    );
    const agreements = await Promise.all(
      judgesOf(config).map(async (name): Promise<[string, ScorerRow["agreement"]]> => {
        const { kappa, labels } = await get("/scorers/{name}/calibration", { id: name, signal });
        return [name, labels > 0 ? { kappa, labels } : null];
      }),
    );
    return { items: gather(details, config, sums, Object.fromEntries(agreements)) };
  },
});

export const calibrationQuery = (name: string, version?: string) =>
  queryOptions({
    queryKey: ["calibration", name, version ?? ""],
    queryFn: ({ signal }) => get("/scorers/{name}/calibration", { id: name, signal, query: { version } }),
    enabled: name !== "",
  });
export const templatesQuery = queryOptions({
  queryKey: ["scorer-templates"],
  queryFn: ({ signal }) => get("/scorers/templates", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});
/** The newest answers of a workload, for the bench. */
export const answersQuery = (workload: string, n: number) =>
  queryOptions({
    queryKey: ["bench-answers", workload, n],
    queryFn: ({ signal }) => get("/traces", { signal, query: { workload, status: "ok", origin: "client", limit: n } }),
    enabled: workload !== "",
    staleTime: 60_000,
  });
export const answerQuery = (span: string) =>
  queryOptions({ queryKey: ["trace", span], queryFn: ({ signal }) => get("/traces/{span_id}", { id: span, signal }), staleTime: 60_000 });
