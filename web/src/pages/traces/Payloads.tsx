import type { Trace } from "../../api/types";
import { Card } from "../../ui/Card";
import { Said } from "../../ui/Said";
import css from "./Payloads.module.css";
import { answerOf, messagesOf, pretty } from "./text";

/** The request and the answer, always as plain text: nothing in them is ever markup here. */
export function Payloads({ trace }: { trace: Trace }) {
  const messages = messagesOf(trace.request);
  const answer = answerOf(trace.response);
  return (
    <Card title="Messages" question={trace.truncated ? "What was said? Cut, because it was long." : "What was said?"}>
      <div className="stack">
        {messages.map((message, i) => (
          <Said key={`${i}`} role={message.role} text={message.text} />
        ))}
        {answer !== null ? <Said role="assistant" text={answer} /> : null}
        {messages.length === 0 && answer === null ? (
          <p className="muted">{trace.texts_missing ?? "No messages are in it. What was sent and received is below."}</p>
        ) : null}
        <details>
          <summary>As sent and received</summary>
          <div className="stack" style={{ marginTop: 8 }}>
            <pre tabIndex={0} aria-label="Request body" className={css.body}>
              {pretty(trace.request) || "empty"}
            </pre>
            <pre tabIndex={0} aria-label="Response body" className={css.body}>
              {pretty(trace.response) || "empty"}
            </pre>
          </div>
        </details>
      </div>
    </Card>
  );
}
