import { Link } from "@tanstack/react-router";
import type { RunItem } from "../../api/types";
import { grade, ms, usd } from "../../lib/format";
import { itemText } from "../datasets/mapping";
import css from "./Answers.module.css";
import { differs } from "./grades";

type Answer = RunItem["answers"][number];

/** What each said to one item, beside each other: words that the first did not say are marked. */
export function Answers({ row, arms }: { row: RunItem; arms: string[] }) {
  const of = (arm: string) => row.answers.find((answer) => answer.arm === arm);
  const first = arms[0] === undefined ? undefined : of(arms[0]);
  const expected = row.expected === null || row.expected === undefined ? "" : itemText({ expected: row.expected }).expected;
  return (
    <div className="stack" style={{ whiteSpace: "normal" }}>
      <p>
        <span className="muted small">asked</span>
        <br />
        {row.hidden ? <span className="muted">held out</span> : <span className={css.text}>{itemText({ input: row.input }).input}</span>}
      </p>
      {expected ? (
        <p>
          <span className="muted small">expected</span>
          <br />
          <span className={css.text}>{expected}</span>
        </p>
      ) : null}
      <div className={css.sides}>
        {arms.map((arm, i) => (
          <Side key={arm} arm={arm} answer={of(arm)} against={i > 0 ? first : undefined} />
        ))}
      </div>
    </div>
  );
}

function Side({ arm, answer, against }: { arm: string; answer: Answer | undefined; against: Answer | undefined }) {
  return (
    <section className={css.side} aria-label={arm}>
      <code>{arm}</code>
      {!answer ? (
        <p className="muted">not asked yet</p>
      ) : answer.text === null ? (
        <p className="bad">✕ {answer.error ?? "no answer"}</p>
      ) : (
        <Text text={answer.text} against={against?.text ?? null} />
      )}
      {answer?.scores.map((score) => (
        <p key={`${score.scorer}/${score.version}`} className="small">
          {score.scorer} <strong>{score.value === null ? "–" : grade(score.value)}</strong>{" "}
          <span className="muted">{score.explanation ?? score.reason ?? ""}</span>
        </p>
      ))}
      {answer ? (
        <p className="muted small">
          {ms(answer.latency_ms)}, {usd(answer.cost_usd)}
          {answer.span_id ? (
            <>
              ,{" "}
              <Link to="/traces/$span" params={{ span: answer.span_id }}>
                its trace
              </Link>
            </>
          ) : null}
        </p>
      ) : null}
    </section>
  );
}

function Text({ text, against }: { text: string; against: string | null }) {
  if (against === null || against === text) return <p className={css.text}>{text}</p>;
  return (
    <p className={css.text}>
      {differs(text, against).map((piece, i) =>
        piece.own ? <mark key={`${i}`}>{piece.text}</mark> : <span key={`${i}`}>{piece.text}</span>,
      )}
    </p>
  );
}
