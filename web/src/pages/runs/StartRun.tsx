import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { ConfigRow, DatasetRow, Workload } from "../../api/types";
import { plural } from "../../lib/format";
import { Dialog } from "../../ui/Dialog";
import { Failed, Loaded } from "../../ui/Loaded";
import { workloadQuery } from "../workloads/queries";
import { configQuery, datasetsQuery, workloadsQuery } from "./queries";
import { type Draft, suite } from "./suite";

interface Props {
  /** Chosen first; any text that is no dataset chooses the first one. */
  dataset: string;
  onPick: (dataset: string) => void;
  onClose: () => void;
}

/** Asks the items of a dataset of several models, and grades the answers. */
export function StartRun({ dataset, onPick, onClose }: Props) {
  const datasets = useQuery(datasetsQuery).data?.items ?? [];
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const config = useQuery(configQuery);
  const chosen = datasets.find((row) => row.name === dataset) ?? datasets[0];
  const [workload, setWorkload] = useState<string | null>(null);
  const of = workload ?? chosen?.workload ?? workloads[0]?.id;
  const detail = useQuery(workloadQuery(of));
  return (
    <Dialog title="Start a run" onClose={onClose}>
      {datasets.length === 0 ? (
        <p>There is no dataset yet. Register one under Datasets: drop a CSV, JSONL or promptfoo file there, or take the sample.</p>
      ) : (
        <>
          <label className="field">
            <span>Dataset</span>
            <select value={chosen?.name} onChange={(event) => onPick(event.target.value)} autoFocus>
              {datasets.map((row) => (
                <option key={row.name} value={row.name}>
                  {row.name}, {plural(row.items, "item")}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Workload whose scorers grade</span>
            <select value={of ?? ""} onChange={(event) => setWorkload(event.target.value)}>
              {workloads.map(({ id }) => (
                <option key={id}>{id}</option>
              ))}
            </select>
          </label>
          <Loaded query={detail} height={160}>
            {(data) => (
              <Loaded query={config} height={160}>
                {({ items }) =>
                  chosen ? (
                    <Form key={`${data.id}/${chosen.name}`} workload={data} dataset={chosen} config={items} onClose={onClose} />
                  ) : null
                }
              </Loaded>
            )}
          </Loaded>
        </>
      )}
    </Dialog>
  );
}

function Form({
  workload,
  dataset,
  config,
  onClose,
}: {
  workload: Workload;
  dataset: DatasetRow;
  config: ConfigRow[];
  onClose: () => void;
}) {
  const router = `weir/${workload.id}`;
  const stable = workload.candidates.find((row) => row.stable)?.deployment;
  const [draft, setDraft] = useState<Draft>({
    ...{ name: dataset.name, workload: workload.id, dataset: dataset.name, scorers: workload.scorers },
    ...{ models: workload.candidates.slice(0, 3).map((row) => row.deployment), sample: 0, maxUsd: 1 },
  });
  const set = (more: Partial<Draft>) => setDraft({ ...draft, ...more });
  const client = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: () =>
      post("/runs", {
        suite: suite(draft, config),
        dataset: draft.dataset,
        models: draft.models,
        ...(draft.models.length > 1 ? { against: stable && draft.models.includes(stable) ? stable : draft.models[0] } : {}),
        ...(draft.sample > 0 ? { sample: draft.sample } : {}),
        ...(draft.maxUsd > 0 ? { max_usd: draft.maxUsd } : {}),
      }),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      void navigate({ to: "/runs/$id", params: { id: run.id } });
    },
  });
  const toggle = (list: string[], name: string) => (list.includes(name) ? list.filter((each) => each !== name) : [...list, name]);
  const asked = (draft.sample > 0 ? Math.min(draft.sample, dataset.items) : dataset.items) * draft.models.length;
  const ready = draft.models.length > 0 && draft.scorers.length > 0 && !start.isPending;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) start.mutate();
      }}
    >
      <Choices
        legend="Who answers"
        names={[...workload.candidates.map((row) => row.deployment), router]}
        chosen={draft.models}
        onToggle={(name) => set({ models: toggle(draft.models, name) })}
      />
      {workload.scorers.length === 0 ? (
        <p className="warn">! {workload.id} has no scorer: name one for it in weir.toml, or choose another workload.</p>
      ) : (
        <Choices
          legend="Who grades"
          names={workload.scorers}
          chosen={draft.scorers}
          onToggle={(name) => set({ scorers: toggle(draft.scorers, name) })}
        />
      )}
      <div className="row">
        <label className="field">
          <span>Only so many items (0: all)</span>
          <input
            type="number"
            min={0}
            value={draft.sample}
            onChange={(event) => set({ sample: Math.max(0, Number(event.target.value) || 0) })}
          />
        </label>
        <label className="field">
          <span>At most so many dollars (0: no limit)</span>
          <input
            type="number"
            min={0}
            step="0.1"
            value={draft.maxUsd}
            onChange={(event) => set({ maxUsd: Math.max(0, Number(event.target.value) || 0) })}
          />
        </label>
      </div>
      <p className="muted">{plural(asked, "question")} will be asked; providers bill them like any other.</p>
      {start.error ? <Failed error={start.error} /> : null}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <button type="button" className="btn" onClick={onClose}>
          Cancel
        </button>
        <button className="btn primary" disabled={!ready}>
          Start
        </button>
      </div>
    </form>
  );
}

function Choices({
  legend,
  names,
  chosen,
  onToggle,
}: {
  legend: string;
  names: string[];
  chosen: string[];
  onToggle: (name: string) => void;
}) {
  return (
    <fieldset className="plainset">
      <legend className="muted small">{legend}</legend>
      {names.map((name) => (
        <label key={name} className="row">
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => onToggle(name)} />
          <code>{name}</code>
        </label>
      ))}
    </fieldset>
  );
}
