import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Deployment, DeploymentTested } from "../../api/types";
import { ms, usd } from "../../lib/format";
import { Failed } from "../../ui/Loaded";

/** Tokens of the test's question and the most its answer may have. */
const TOKENS = { input: 20, output: 16 };

/** What the test costs at most; `null` without a price. */
export function mostCost({ price }: Pick<Deployment, "price">): number | null {
  return price ? (price.input_usd * TOKENS.input + price.output_usd * TOKENS.output) / 1e6 : null;
}

/** Asks the deployment one short question. Money is spent only after a person agrees. */
export function KeyTest({ row }: { row: Deployment }) {
  const [agreed, setAgreed] = useState(row.built_in);
  const test = useMutation({ mutationFn: () => post("/deployments/{id}/test", { confirm_spend: true }, { id: row.id }) });
  const cost = mostCost(row);
  return (
    <section className="stack" aria-label="Live test">
      <h3 style={{ margin: 0, fontSize: "inherit" }}>Does its key work?</h3>
      <p className="muted">
        One short question through the gateway, at most {TOKENS.output} tokens back. It is recorded as a probe and counts as nobody&apos;s
        traffic.
      </p>
      {row.built_in ? (
        <p className="muted">It runs inside weir: nothing is spent.</p>
      ) : (
        <label className="row">
          <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.target.checked)} />
          <span>The provider bills it: {cost === null ? "the price is not known" : `at most ${usd(cost)}`}</span>
        </label>
      )}
      <div className="row">
        <button type="button" className="btn primary" disabled={!agreed || test.isPending} onClick={() => test.mutate()}>
          {test.isPending ? "Asking…" : "Test now"}
        </button>
      </div>
      <div aria-live="polite">{test.data ? <Result tested={test.data} /> : null}</div>
      {test.error ? <Failed error={test.error} /> : null}
    </section>
  );
}

function Result({ tested }: { tested: DeploymentTested }) {
  return (
    <div className={`banner ${tested.ok ? "ok" : "bad"}`} style={{ marginBottom: 0 }}>
      <span className={tested.ok ? "ok" : "bad"} aria-hidden="true">
        {tested.ok ? "✓" : "✕"}
      </span>
      <p>
        <strong>{tested.ok ? "It works." : `It failed${tested.status ? ` with status ${tested.status}` : ""}.`}</strong>{" "}
        {tested.ok ? `It said “${tested.text.trim()}”` : tested.text}
        {tested.hint ? `. ${tested.hint}` : ""}. {ms(tested.latency_ms)}
        {tested.cost_usd === null ? "" : `, ${usd(tested.cost_usd)}`}
        {tested.span_id ? (
          <>
            ,{" "}
            <Link to="/traces/$span" params={{ span: tested.span_id }}>
              its trace
            </Link>
          </>
        ) : null}
        .
      </p>
    </div>
  );
}
