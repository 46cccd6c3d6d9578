import type { ReactNode } from "react";

export type Tone = "ok" | "warn" | "bad" | "plain";
const GLYPH: Record<Tone, string> = { ok: "✓", warn: "◐", bad: "✕", plain: "●" };

/** A state, always as glyph and word, so that colour is never the only sign. */
export function Pill({ tone, glyph, children, title }: { tone: Tone; glyph?: string; children: ReactNode; title?: string }) {
  return (
    <span className={`pill ${tone}`} title={title}>
      <span aria-hidden="true">{glyph ?? GLYPH[tone]}</span>
      {children}
    </span>
  );
}
