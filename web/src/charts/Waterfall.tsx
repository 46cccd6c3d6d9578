import { ms } from "../lib/format";
import css from "./Waterfall.module.css";

export interface Phase {
  key: string;
  label: string;
  /** Offsets from the start of the request. */
  start_ms: number;
  length_ms: number;
  note: string;
  tone: "plain" | "ok" | "bad";
}

/** Where the time of one request went: a bar per phase on one time scale that starts at zero. */
export function Waterfall({ phases, total_ms }: { phases: Phase[]; total_ms: number }) {
  const scale = 100 / Math.max(total_ms, ...phases.map((p) => p.start_ms + p.length_ms), 0.001);
  return (
    <ol className={css.list} aria-label="Phases and attempts">
      {phases.map((phase) => (
        <li key={phase.key} className={css.row}>
          <span className={css.label}>{phase.label}</span>
          <svg className={css.track} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect
              x={phase.start_ms * scale}
              width={Math.max(0.4, phase.length_ms * scale)}
              height={10}
              fill={phase.tone === "bad" ? "var(--bad)" : phase.tone === "ok" ? "var(--s1)" : "var(--faint)"}
            />
          </svg>
          <span className={css.time}>{ms(phase.length_ms)}</span>
          <span className={`${css.note} muted small`}>{phase.note}</span>
        </li>
      ))}
    </ol>
  );
}
