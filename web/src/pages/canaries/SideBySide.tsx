import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CanaryDetail, PairView, Trace } from "../../api/types";
import { grade, ms, usd } from "../../lib/format";
import { Loaded } from "../../ui/Loaded";
import { answerOf, messagesOf } from "../traces/text";
import { traceQuery } from "./queries";
import css from "./SideBySide.module.css";

interface Props {
  pair: PairView;
  canary: CanaryDetail;
  onClose: () => void;
}

/** Both answers of a pair, with what was asked and why each has its grade. */
export function SideBySide({ pair, canary, onClose }: Props) {
  return (
    <section className={css.pair} aria-label="The pair, side by side">
      <Answer title="Candidate" deployment={canary.candidate} side={pair.candidate} scorer={canary.scorer} />
      <Answer title="Stable" deployment={canary.control} side={pair.control} scorer={canary.scorer} />
      <button type="button" className="btn quiet" onClick={onClose}>
        Close the pair
      </button>
    </section>
  );
}

function Answer({ title, deployment, side, scorer }: { title: string; deployment: string; side: PairView["candidate"]; scorer: string }) {
  const query = useQuery(traceQuery(side.span_id));
  return (
    <div className={css.side}>
      <h3>
        {title} <code>{deployment}</code> <span className={side.grade < 0.5 ? "bad" : "ok"}>{grade(side.grade)}</span>
      </h3>
      <Loaded query={query} height={120}>
        {(trace) => <Texts trace={trace} scorer={scorer} />}
      </Loaded>
    </div>
  );
}

function Texts({ trace, scorer }: { trace: Trace; scorer: string }) {
  const asked = messagesOf(trace.request).findLast((message) => message.role === "user")?.text;
  const answer = answerOf(trace.response);
  const why = trace.scores.find((score) => score.scorer === scorer)?.explanation;
  return (
    <>
      <p className="muted small">asked</p>
      <p className={css.text}>{asked ?? trace.texts_missing ?? "No text."}</p>
      <p className="muted small">answered</p>
      <p className={css.text}>{answer ?? (trace.error ? `Failed: ${trace.error}` : "No text.")}</p>
      {why ? <p className="muted small">{why}</p> : null}
      <p className="muted small">
        {ms(trace.latency_ms)}, {usd(trace.cost_usd)},{" "}
        <Link to="/traces/$span" params={{ span: trace.span_id }}>
          its trace
        </Link>
      </p>
    </>
  );
}
