import css from "./Gauge.module.css";

interface Props {
  label: string;
  /** Evidence now, and where it decides; both as natural logarithms. */
  at: number;
  decides: number;
  tone: "ok" | "warn" | "bad";
}

/** How far evidence has come towards a decision. Evidence against is an empty bar, never a negative one. */
export function Gauge({ label, at, decides, tone }: Props) {
  const share = decides > 0 ? Math.min(1, Math.max(0, at / decides)) : 0;
  return (
    <div className={css.gauge}>
      <div className={css.words}>
        <span>{label}</span>
        <span className="muted">
          {(Math.abs(at) < 0.05 ? 0 : at).toFixed(1).replace("-", "−")} of {decides.toFixed(1)}
        </span>
      </div>
      <svg
        className={css.track}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${Math.round(share * 100)} percent of the evidence needed`}
      >
        <rect width={100} height={6} fill="var(--line)" />
        <rect width={share * 100} height={6} fill={`var(--${tone})`} />
      </svg>
    </div>
  );
}
