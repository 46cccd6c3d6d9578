import { useMutation } from "@tanstack/react-query";
import { file } from "../../api/client";
import type { Dataset } from "../../api/types";
import { save } from "../../lib/csv";

/** Saves the current version as a file: as JSONL it can be imported again without loss. */
export function Export({ dataset }: { dataset: Dataset }) {
  const fetch = useMutation({
    mutationFn: (format: "jsonl" | "csv") =>
      file("/datasets/{name}/export", { id: dataset.name, query: { format } }).then((blob) => ({ blob, format })),
    onSuccess: ({ blob, format }) => save(`${dataset.name}.${format}`, blob),
  });
  return (
    <select
      aria-label="Export"
      value=""
      disabled={fetch.isPending || dataset.version === ""}
      onChange={(event) => (event.target.value === "jsonl" || event.target.value === "csv") && fetch.mutate(event.target.value)}
    >
      <option value="">{fetch.error ? "Export failed: again" : "Export"}</option>
      <option value="jsonl">as JSONL, without loss</option>
      <option value="csv">as CSV</option>
    </select>
  );
}
