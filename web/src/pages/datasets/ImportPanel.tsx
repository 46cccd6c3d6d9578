import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Preview } from "../../api/types";
import { count, plural } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Failed, Loaded } from "../../ui/Loaded";
import { Pill } from "../../ui/Pill";
import { workloadsQuery } from "../shell/queries";
import { BadLines } from "./BadLines";
import { Mapper } from "./Mapper";
import { mapParameter, nameFrom } from "./mapping";
import { PreviewRows } from "./PreviewRows";

const FORMATS: Record<string, string> = {
  weir: "weir's own JSONL",
  jsonl: "JSONL",
  json_array: "JSON array",
  csv: "CSV",
  openai_evals: "OpenAI Evals",
  promptfoo: "promptfoo",
};

/** Preview, column mapping and import of one file. */
export function ImportPanel({ file, into, onClose }: { file: File; into: string | undefined; onClose: () => void }) {
  const [mapping, setMapping] = useState<Record<string, string> | null>(null);
  const map = mapping ? mapParameter(mapping) : "";
  const preview = useQuery({
    queryKey: ["preview", file.name, file.size, file.lastModified, map],
    queryFn: ({ signal }) => post("/datasets/preview", file, { signal, query: { name: file.name, map } }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Card
      title={`Import ${file.name}`}
      question="Is each line read as you mean it?"
      tools={
        <button type="button" className="btn quiet" onClick={onClose}>
          Another file
        </button>
      }
    >
      <Loaded query={preview} height={240}>
        {(data) => (
          <div className="stack">
            <p>
              <Pill tone="ok">{FORMATS[data.format] ?? data.format}</Pill>{" "}
              <span className="muted">
                {plural(data.items, "item")} can be read{data.bad.length > 0 ? `, ${plural(data.bad.length, "line")} cannot` : ""}.
                {data.columns.length > 0 ? " Match its columns:" : " Its fields are known, there is nothing to match."}
              </span>
            </p>
            <Mapper columns={data.columns} mapping={mapping ?? data.mapping} onChange={setMapping} />
            <PreviewRows rows={data.rows} />
            <BadLines bad={data.bad} />
            <ImportForm file={file} into={into} preview={data} mapping={mapping ?? data.mapping} />
          </div>
        )}
      </Loaded>
    </Card>
  );
}

interface FormProps {
  file: File;
  into: string | undefined;
  preview: Preview;
  mapping: Record<string, string>;
}

function ImportForm({ file, into, preview, mapping }: FormProps) {
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const [name, setName] = useState(into ?? nameFrom(file.name));
  const [workload, setWorkload] = useState("");
  const [skipBad, setSkipBad] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const mutation = useMutation({
    mutationFn: () =>
      post("/datasets/import", file, {
        query: { name: name.trim(), workload, file: file.name, skip_bad: skipBad, map: mapParameter(mapping) },
      }),
    onSuccess: async (imported) => {
      await client.invalidateQueries();
      void navigate({ to: "/datasets/$name", params: { name: imported.name } });
    },
  });
  const good = preview.items;
  const ready = name.trim() !== "" && good > 0 && (preview.bad.length === 0 || skipBad) && !mutation.isPending;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) mutation.mutate();
      }}
    >
      <div className="row" style={{ alignItems: "end" }}>
        <label className="field">
          <span>Name</span>
          <input
            value={name}
            onChange={(event) => setName(event.target.value)}
            required
            pattern="[A-Za-z0-9._\-]+"
            title="Letters, digits, dots and dashes"
          />
        </label>
        <label className="field">
          <span>Workload it belongs to</span>
          <select value={workload} onChange={(event) => setWorkload(event.target.value)}>
            <option value="">none</option>
            {workloads.map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <button className="btn primary" disabled={!ready}>
          Import {plural(good, "item")}
        </button>
      </div>
      {preview.bad.length > 0 ? (
        <label className="row">
          <input type="checkbox" checked={skipBad} onChange={(event) => setSkipBad(event.target.checked)} />
          Leave out {preview.bad.length === 1 ? "the line" : `the ${count(preview.bad.length)} lines`} that cannot be read
        </label>
      ) : null}
      {mutation.error ? <Failed error={mutation.error} /> : null}
    </form>
  );
}
