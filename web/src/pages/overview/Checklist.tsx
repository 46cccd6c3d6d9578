import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { post } from "../../api/client";
import type { Overview } from "../../api/types";
import { Card } from "../../ui/Card";
import { Failed } from "../../ui/Loaded";
import { unused } from "../deployments/snippet";
import { FirstRequest } from "../FirstRequest";
import { providersQuery } from "../shell/queries";
import css from "./Checklist.module.css";

/** Marks the order to play the demo, so that the page can say that it plays. */
export const DEMO = ["demo"];

/** Three steps that tick by themselves, and a demo for those who want to watch first. */
export function Checklist({ overview: { checklist, workloads, providers } }: { overview: Overview }) {
  const demo = providers.length > 0 && providers.every(({ provider }) => provider === "sim");
  const client = useQueryClient();
  const play = useMutation({
    mutationKey: DEMO,
    mutationFn: () => post("/demo/play", undefined),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <div className="grid">
      <Card title="First steps" question="Each ticks by itself when it is done.">
        <ol className={css.list} aria-label="First steps">
          <Step
            done={checklist.provider}
            title="Connect a provider"
            after={
              demo ? (
                <>
                  <p className="muted">
                    The built-in demo providers answer, without a key. <Link to="/deployments">Add your own</Link> whenever you like.
                  </p>
                  <Found />
                </>
              ) : null
            }
          >
            <p className="muted">
              Add a deployment to <code>weir.toml</code>, or use the built-in demo providers, which answer without a key.
            </p>
            <Found />
          </Step>
          <Step done={checklist.request} title="Send a request">
            <FirstRequest workload={workloads[0]?.id ?? "default"} />
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

/** Keys that are in the environment already: each is one step from being used. */
function Found() {
  const offers = unused(useQuery(providersQuery).data?.items ?? []);
  if (offers.length === 0) return null;
  return (
    <div className="row">
      <span>Found in the environment:</span>
      {offers.map(({ name, key }) => (
        <Link key={name} to="/deployments" search={{ add: name }} className="btn">
          Connect {name} <code className="muted">{key}</code>
        </Link>
      ))}
    </div>
  );
}

interface StepProps {
  done: boolean;
  title: string;
  /** Said once it is done. */
  after?: ReactNode;
  /** What to do. */
  children: ReactNode;
}

function Step({ done, title, after, children }: StepProps) {
  return (
    <li className={css.step}>
      <span className={done ? "ok" : "muted"} aria-hidden="true">
        {done ? "✓" : "○"}
      </span>
      <div className={css.said}>
        <div>
          <strong>{title}</strong>
          <span className="muted">{done ? ", done" : ""}</span>
        </div>
        {done ? after : children}
      </div>
    </li>
  );
}
