import css from "./Said.module.css";

/** What one side of a conversation said, always as plain text: nothing in it is ever markup here. */
export function Said({ role, text }: { role: string; text: string }) {
  return (
    <div className={css.said}>
      <span className="muted small">{role}</span>
      <div className={css.text}>{text}</div>
    </div>
  );
}
