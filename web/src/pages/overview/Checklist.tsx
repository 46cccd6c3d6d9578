import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { post } from "../../api/client";
import type { Overview } from "../../api/types";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Failed } from "../../ui/Loaded";
import css from "./Checklist.module.css";

/** The request to copy: it answers with no key and no config, because demo providers are built in. */
export function curl(origin: string, workload: string): string {
  return [
    `curl ${origin}/v1/chat/completions \\`,
    `  -H 'content-type: application/json' \\`,
    `  -H 'x-weir-workload: ${workload}' \\`,
    `  -d '{"model":"weir/${workload}","messages":[{"role":"user","content":"What is 17 + 25?"}]}'`,
  ].join("\n");
}

/** Three steps that tick by themselves, and a demo for those who want to watch first. */
export function Checklist({ overview: { checklist, workloads } }: { overview: Overview }) {
  const client = useQueryClient();
  const play = useMutation({ mutationFn: () => post("/demo/play", undefined), onSuccess: () => client.invalidateQueries() });
  return (
    <div className="grid">
      <Card title="First steps" question="Each ticks by itself when it is done.">
        <ol className={css.list} aria-label="First steps">
          <Step done={checklist.provider} title="Connect a provider">
            <p className="muted">
              Add a deployment to <code>weir.toml</code>, or use the built-in demo providers, which answer without a key.
            </p>
          </Step>
          <Step done={checklist.request} title="Send a request">
            <Copy label="A request to copy" text={curl(location.origin, workloads[0]?.id ?? "default")} />
          </Step>
          <Step done={checklist.dataset} title="Register a dataset">
            <p className="muted">
              A dataset holds questions with expected answers. <Link to="/datasets">Drop a CSV or JSONL file</Link>.
            </p>
          </Step>
        </ol>
        <div className="row">
          <button type="button" className="btn primary" disabled={play.isPending || play.isSuccess} onClick={() => play.mutate()}>
            {play.isSuccess ? "The demo is playing" : "Play the demo"}
          </button>
          <span className="muted small">
            Drives traffic through the demo providers: in about 90 seconds one canary promotes and a bad one rolls back.
          </span>
        </div>
        {play.error ? <Failed error={play.error} /> : null}
      </Card>
    </div>
  );
}

function Step({ done, title, children }: { done: boolean; title: string; children: React.ReactNode }) {
  return (
    <li className={css.step}>
      <span className={done ? "ok" : "muted"} aria-hidden="true">
        {done ? "✓" : "○"}
      </span>
      <div className="stack">
        <div>
          <strong>{title}</strong>
          <span className="muted">{done ? ", done" : ""}</span>
        </div>
        {done ? null : children}
      </div>
    </li>
  );
}
