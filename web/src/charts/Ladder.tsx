import css from "./Ladder.module.css";

export interface Rung {
  key: string;
  title: string;
  detail: string;
  state: "done" | "now" | "stopped" | "todo";
}
const SIGN = { done: "✓", now: "●", stopped: "✕", todo: "" } as const;
const WORD = { done: "done", now: "current", stopped: "stopped here", todo: "not reached" } as const;

/** The steps of a canary from first exposure to becoming stable. */
export function Ladder({ label, rungs }: { label: string; rungs: Rung[] }) {
  return (
    <ol className={css.steps} aria-label={label}>
      {rungs.map((rung) => (
        <li key={rung.key} className={css[rung.state]} aria-current={rung.state === "now" ? "step" : undefined}>
          <i aria-hidden="true">{SIGN[rung.state]}</i>
          <strong>{rung.title}</strong>
          <span className="hidden">, {WORD[rung.state]}</span>
          <div className="muted">{rung.detail}</div>
        </li>
      ))}
    </ol>
  );
}
