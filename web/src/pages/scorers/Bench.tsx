import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import { count, plural, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Failed, Loaded } from "../../ui/Loaded";
import { deploymentsQuery, workloadsQuery } from "../shell/queries";
import { BenchItems } from "./BenchItems";
import { choicesText, type Definition, filled, fromSettings, readChoices, toml } from "./definition";
import type { ScorerRow } from "./gather";
import { calibrationQuery, templatesQuery } from "./queries";
import { useSpans } from "./useSpans";

const SIZES = [3, 5, 10];

/** Another prompt, tried on recorded answers before anything steers by it. */
export function Bench({ row }: { row: ScorerRow }) {
  const templates = useQuery(templatesQuery);
  return (
    <Loaded query={templates} height={420}>
      {({ items }) => <Editor row={row} start={filled(fromSettings(row.settings), items)} />}
    </Loaded>
  );
}

function Editor({ row, start }: { row: ScorerRow; start: Definition }) {
  const [model, setModel] = useState(String(start.model ?? ""));
  const [prompt, setPrompt] = useState(String(start.prompt ?? ""));
  const [criteria, setCriteria] = useState(String(start.criteria ?? ""));
  const [labels, setLabels] = useState(choicesText(start));
  const [source, setSource] = useState(row.used[0]?.workload ?? "");
  const [size, setSize] = useState(SIZES[0] ?? 3);
  const [agreed, setAgreed] = useState(false);
  const differ = useQuery(calibrationQuery(row.name)).data?.differ ?? [];
  const spans = useSpans(
    source,
    size,
    differ.map((each) => each.span_id),
  );
  const { choices, problem } = readChoices(labels);
  const definition: Definition = {
    ...start,
    kind: "judge",
    model,
    prompt,
    ...(labels.trim() ? { choices } : {}),
    ...(criteria.trim() ? { criteria: criteria.trim() } : {}),
  };
  const run = useMutation({
    mutationFn: () => post("/scorers/try", { definition, spans, confirm_spend: agreed }),
  });
  const ready = agreed && !problem && spans.length > 0 && prompt.trim() !== "" && model !== "" && !run.isPending;
  return (
    <>
      <div className="grid k2">
        <Card title="The judge" question="What is it told, and what may it reply? Nothing here is kept or steers anything.">
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              if (ready) run.mutate();
            }}
          >
            <Models value={model} onValue={setModel} />
            <label className="field">
              <span>Instructions</span>
              <textarea rows={10} value={prompt} onChange={(event) => setPrompt(event.target.value)} spellCheck={false} required />
            </label>
            {start.choices || !start.reply ? (
              <label className="field">
                <span>Labels with their grades, one a line</span>
                <textarea
                  rows={Math.max(3, labels.split("\n").length)}
                  className="mono"
                  value={labels}
                  onChange={(event) => setLabels(event.target.value)}
                  aria-invalid={problem !== null}
                  spellCheck={false}
                />
              </label>
            ) : null}
            {problem ? <p className="bad small">{problem}.</p> : null}
            <label className="field">
              <span>What a good answer does, for items that do not say it (may be empty)</span>
              <input value={criteria} onChange={(event) => setCriteria(event.target.value)} autoComplete="off" />
            </label>
            <div className="row filters">
              <label className="field">
                <span>Answers to try it on</span>
                <select value={source} onChange={(event) => setSource(event.target.value)}>
                  <Sources used={row.used.map(({ workload }) => workload)} differ={differ.length} />
                </select>
              </label>
              <label className="field">
                <span>How many</span>
                <select value={size} onChange={(event) => setSize(Number(event.target.value))}>
                  {SIZES.map((each) => (
                    <option key={each}>{each}</option>
                  ))}
                </select>
              </label>
            </div>
            <label className="row">
              <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.target.checked)} />
              <span className="grow">
                It asks {model || "the model"} about {plural(spans.length, "answer")}, which its provider bills
              </span>
            </label>
            <div className="row">
              <button className="btn primary" disabled={!ready}>
                {run.isPending ? "Grading…" : "Try it"}
              </button>
              {run.data ? (
                <span className="muted small">
                  Version <code>{run.data.version}</code>, {usd(run.data.cost_usd)} for {count(run.data.items.length)}
                </span>
              ) : null}
            </div>
            {run.error ? <Failed error={run.error} /> : null}
          </form>
        </Card>
        <Card title="As configuration" question="Paste it into weir.toml; a changed definition is a new version with windows of its own.">
          <Copy label="The definition as TOML" text={toml(row.name, definition)} />
        </Card>
      </div>
      <div className="grid">
        <BenchItems name={row.name} spans={spans} tried={run.data ?? null} />
      </div>
    </>
  );
}

function Sources({ used, differ }: { used: string[]; differ: number }) {
  const all = useQuery(workloadsQuery).data?.items.map(({ id }) => id) ?? [];
  const workloads = [...new Set([...used, ...all])];
  return (
    <>
      {differ > 0 ? <option value="*differ">Where it and people part</option> : null}
      {workloads.map((id) => (
        <option key={id} value={id}>
          Newest of {id}
        </option>
      ))}
    </>
  );
}

function Models({ value, onValue }: { value: string; onValue: (model: string) => void }) {
  const deployments = useQuery(deploymentsQuery).data?.items.map(({ id }) => id) ?? [];
  const workloads = useQuery(workloadsQuery).data?.items.map(({ id }) => `weir/${id}`) ?? [];
  const models = [...new Set([...(value ? [value] : []), ...deployments, ...workloads])];
  return (
    <label className="field">
      <span>Asked</span>
      <select value={value} onChange={(event) => onValue(event.target.value)}>
        {models.map((model) => (
          <option key={model}>{model}</option>
        ))}
      </select>
    </label>
  );
}
