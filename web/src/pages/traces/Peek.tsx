import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count, ms, usd } from "../../lib/format";
import { Dialog } from "../../ui/Dialog";
import { Loaded } from "../../ui/Loaded";
import { StatusPill } from "../words";
import css from "./Payloads.module.css";
import { traceQuery } from "./queries";
import { answerOf, messagesOf } from "./text";

/** A quick look at one request without leaving the list. */
export function Peek({ span, onClose }: { span: string; onClose: () => void }) {
  const query = useQuery(traceQuery(span));
  return (
    <Dialog title="Request" onClose={onClose} wide>
      <Loaded query={query} height={200}>
        {(trace) => (
          <div className="stack">
            <p>
              <StatusPill status={trace.status} code={trace.code} /> {trace.workload}, served by <code>{trace.deployment ?? "nobody"}</code>{" "}
              in {ms(trace.latency_ms)}, {count(trace.input_tokens)} → {count(trace.output_tokens)} tokens, {usd(trace.cost_usd)}.
            </p>
            {trace.error ? <p className="bad">{trace.error}</p> : null}
            {messagesOf(trace.request)
              .slice(-2)
              .map((message, i) => (
                <Said key={`${i}`} role={message.role} text={message.text} />
              ))}
            <Said role="assistant" text={answerOf(trace.response) ?? trace.texts_missing ?? "no text"} />
            {trace.scores.map((score) => (
              <p key={`${score.scorer}/${score.version}`} className="small">
                <strong>{score.scorer}</strong> {score.value ?? "not scored"} <span className="muted">{score.explanation ?? ""}</span>
              </p>
            ))}
          </div>
        )}
      </Loaded>
      <div className="row" style={{ justifyContent: "flex-end", marginTop: 12 }}>
        <button type="button" className="btn" onClick={onClose}>
          Close
        </button>
        <Link to="/traces/$span" params={{ span }} className="btn primary">
          Open
        </Link>
      </div>
    </Dialog>
  );
}

function Said({ role, text }: { role: string; text: string }) {
  return (
    <div className={css.said}>
      <span className="muted small">{role}</span>
      <div className={css.text}>{text}</div>
    </div>
  );
}
