import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { post } from "../../api/client";
import { applyDensity } from "../../lib/density";
import { applyTheme } from "../../lib/theme";
import { applyUtc } from "../../lib/zone";
import { type Entry, Palette, search } from "../../ui/Palette";
import { PAGES } from "./pages";
import { canariesQuery, datasetsQuery, workloadsQuery } from "./queries";

const SPAN = /^[0-9a-f]{32}$/i;

/** Everything the palette can go to or do. */
export function Jump({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const play = useMutation({ mutationFn: () => post("/demo/play", undefined), onSuccess: () => client.invalidateQueries() });
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const canaries = useQuery(canariesQuery()).data?.items ?? [];
  const datasets = useQuery(datasetsQuery).data?.items ?? [];
  const entries: Entry[] = [
    ...PAGES.map(({ to, label }) => ({ id: to, label, kind: "page", run: () => void navigate({ to }) })),
    ...workloads.map(({ id }) => ({
      id: `w/${id}`,
      label: id,
      kind: "workload",
      run: () => void navigate({ to: "/workloads/$id", params: { id } }),
    })),
    ...canaries.map(({ id, candidate, workload }) => ({
      id: `c/${id}`,
      label: `${candidate} on ${workload}`,
      kind: "canary",
      run: () => void navigate({ to: "/canaries/$id", params: { id } }),
    })),
    ...datasets.map(({ name }) => ({
      id: `d/${name}`,
      label: name,
      kind: "dataset",
      run: () => void navigate({ to: "/datasets/$name", params: { name } }),
    })),
    {
      id: "new-canary",
      label: "Start a canary",
      kind: "action",
      run: () => void navigate({ to: "/canaries", search: { start: workloads[0]?.id } }),
    },
    { id: "new-run", label: "Start a run", kind: "action", run: () => void navigate({ to: "/runs", search: { start: "new" } }) },
    { id: "play", label: "Play the demo", kind: "action", run: () => play.mutate() },
    { id: "light", label: "Light theme", kind: "action", run: () => applyTheme("light") },
    { id: "dark", label: "Dark theme", kind: "action", run: () => applyTheme("dark") },
    { id: "system", label: "Theme of the system", kind: "action", run: () => applyTheme("system") },
    { id: "dense", label: "Dense rows", kind: "action", run: () => applyDensity("dense") },
    { id: "usual", label: "Usual rows", kind: "action", run: () => applyDensity("usual") },
    { id: "comfortable", label: "Comfortable rows", kind: "action", run: () => applyDensity("comfortable") },
    { id: "utc", label: "Times in UTC", kind: "action", run: () => applyUtc(true) },
    { id: "zone", label: "Times in your zone", kind: "action", run: () => applyUtc(false) },
  ];
  const find = (typed: string) => {
    const span = typed.trim().toLowerCase();
    if (SPAN.test(span))
      return [{ id: span, label: span, kind: "span", run: () => void navigate({ to: "/traces/$span", params: { span } }) }];
    return search(entries, typed);
  };
  return <Palette find={find} onClose={onClose} />;
}
