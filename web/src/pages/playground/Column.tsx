import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import type { Said } from "../../api/complete";
import { count, ms, usd } from "../../lib/format";
import { shortName } from "../../lib/names";
import { Failed } from "../../ui/Loaded";
import css from "./Column.module.css";
import { decisionQuery, recordQuery } from "./queries";
import { useColumn } from "./useColumn";

export interface Order {
  /** Counts the times somebody asked; a new number asks again. */
  number: number;
  messages: Said[];
}
interface Props {
  title: string;
  /** What is asked: `weir/maths`, `sim/small`. */
  model: string;
  workload?: string | undefined;
  order: Order | null;
  stopped: number;
  tools?: ReactNode;
  /** Shows why the router chose as it did. */
  router?: boolean;
}

/** One answer as it comes, with what it took. */
export function Column({ title, model, workload, order, stopped, tools, router = false }: Props) {
  const { answer, ask, stop } = useColumn(model, workload);
  useEffect(() => {
    if (order) void ask(order.messages);
    // A changed model is asked with the next order, not by itself.
  }, [order?.number]);
  useEffect(() => {
    if (stopped > 0) stop();
  }, [stopped]);
  const done = answer.state === "done";
  const record = useQuery(recordQuery(answer.span, done)).data;
  const decision = useQuery({ ...decisionQuery(answer.span ?? ""), enabled: router && done && record !== undefined }).data;
  const facts = [
    answer.ttft_ms === null ? null : `${ms(answer.ttft_ms)} to the first token`,
    answer.total_ms === null ? null : `${ms(answer.total_ms)} in all`,
    record ? `${count(record.input_tokens)}\u00a0→\u00a0${count(record.output_tokens)} tokens` : null,
    record ? (record.cost_usd === null ? "price unknown" : usd(record.cost_usd)) : null,
  ].filter(Boolean);
  return (
    <section className={`card ${css.column}`} aria-label={title}>
      <header>
        <div>
          <h2>{router ? title : shortName(model)}</h2>
          <p className="q">
            {router && answer.deployment ? (
              <>
                served by <code>{answer.deployment}</code>
              </>
            ) : (
              <code>{model}</code>
            )}
          </p>
        </div>
        {tools}
      </header>
      <div className={css.answer} aria-live="polite" aria-busy={answer.state === "asking"}>
        {answer.text || (answer.state === "idle" ? <span className="muted">The answer comes here.</span> : null)}
        {answer.state === "asking" ? <span className="muted"> …</span> : null}
        {answer.state === "stopped" ? <span className="muted"> (stopped)</span> : null}
      </div>
      {answer.error ? <Failed error={answer.error} /> : null}
      <p className="muted small" data-facts>
        {facts.length > 0 ? facts.join(" · ") : "\u00a0"}
      </p>
      {decision ? (
        <div className="small" data-decision>
          {decision.sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      ) : null}
      {record ? (
        <Link to="/traces/$span" params={{ span: record.span_id }} className="small">
          Its trace
        </Link>
      ) : null}
    </section>
  );
}
