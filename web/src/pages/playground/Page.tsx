import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { Said } from "../../api/complete";
import { Card } from "../../ui/Card";
import { PageHead } from "../../ui/PageHead";
import { Column, type Order } from "./Column";
import css from "./Column.module.css";
import { deploymentsQuery, workloadsQuery } from "./queries";
import { SaveItem } from "./SaveItem";

const route = getRouteApi("/playground");
/** Columns beside the router's own. */
const MOST = 3;
const PREFILLED = "What is 17 + 25?";

/** What would it answer, and who would answer? */
export default function Page() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const workloads = useQuery(workloadsQuery).data?.items.map((row) => row.id) ?? [];
  const deployments = useQuery(deploymentsQuery).data?.items.map((row) => row.id) ?? [];
  const [order, setOrder] = useState<Order | null>(null);
  const [stopped, setStopped] = useState(0);
  const [saving, setSaving] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const workload = search.workload ?? workloads[0] ?? "default";
  const chosen = search.models === undefined ? deployments.slice(0, MOST) : search.models.split(",").filter((id) => id !== "-");
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const choose = (models: string[]) => set({ models: models.join(",") || "-" });
  const free = deployments.filter((id) => !chosen.includes(id));
  const ask = (data: FormData) => {
    const user = String(data.get("prompt") ?? "");
    const system = String(data.get("system") ?? "").trim();
    const messages: Said[] = [...(system ? [{ role: "system" as const, content: system }] : []), { role: "user", content: user }];
    set({ prompt: user, system: system || undefined });
    setOrder((before) => ({ number: (before?.number ?? 0) + 1, messages }));
  };
  const submit = () => form.current?.requestSubmit();
  return (
    <>
      <PageHead title="Playground" sub="What would it answer, and who would answer? The same prompt to up to four at once." />
      <div className="stack">
        <Card title="Prompt" question="Ctrl or ⌘ with Enter asks.">
          <form
            ref={form}
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              ask(new FormData(event.currentTarget));
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
            }}
          >
            <label className="field">
              <span>System, may be empty</span>
              <textarea name="system" rows={1} defaultValue={search.system ?? ""} />
            </label>
            <label className="field">
              <span>Prompt</span>
              <textarea name="prompt" rows={4} defaultValue={search.prompt ?? PREFILLED} required data-filter />
            </label>
            <div className="row">
              <label className="row small muted">
                Router of workload
                <select value={workload} onChange={(event) => set({ workload: event.target.value })}>
                  {(workloads.includes(workload) ? workloads : [workload, ...workloads]).map((id) => (
                    <option key={id}>{id}</option>
                  ))}
                </select>
              </label>
              {free.length > 0 && chosen.length < MOST ? (
                <select aria-label="Add a column" value="" onChange={(event) => choose([...chosen, event.target.value])}>
                  <option value="">Add a column…</option>
                  {free.map((id) => (
                    <option key={id}>{id}</option>
                  ))}
                </select>
              ) : null}
              <span className="spacer" />
              <button
                type="button"
                className="btn"
                onClick={() => setSaving(String(new FormData(form.current ?? undefined).get("prompt") ?? ""))}
              >
                Save as item…
              </button>
              <button type="button" className="btn" disabled={!order} onClick={() => setStopped((n) => n + 1)}>
                Stop
              </button>
              <button className="btn primary">Ask</button>
            </div>
          </form>
        </Card>
        <div className={css.columns}>
          <Column router title="As router" model={`weir/${workload}`} workload={workload} order={order} stopped={stopped} />
          {chosen.map((id) => (
            <Column
              key={id}
              title={id}
              model={id}
              workload={workload}
              order={order}
              stopped={stopped}
              tools={
                <button type="button" className="btn quiet" onClick={() => choose(chosen.filter((other) => other !== id))}>
                  Remove<span className="hidden"> {id}</span>
                </button>
              }
            />
          ))}
        </div>
      </div>
      {saving !== null ? <SaveItem input={saving} expected="" workload={workload} onClose={() => setSaving(null)} /> : null}
    </>
  );
}
