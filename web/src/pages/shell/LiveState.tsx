import type { LiveStatus } from "../../api/live";

const WORDS: Record<LiveStatus, [string, string]> = {
  live: ["●", "Live"],
  waiting: ["◐", "Connecting"],
  polling: ["◐", "Every 5 s"],
  off: ["○", "Paused"],
};

const AWAY: [string, string] = ["✕", "No answer"];

/** Whether the page follows what happens, and how. */
export function LiveState({ status, away, on, toggle }: { status: LiveStatus; away: boolean; on: boolean; toggle: () => void }) {
  const [glyph, word] = away && on ? AWAY : WORDS[on ? status : "off"];
  const tone = !on ? "muted" : away ? "bad" : status === "live" ? "ok" : "warn";
  return (
    <button type="button" className="btn" aria-pressed={on} onClick={toggle} title="Follow what happens (l)">
      <span aria-hidden="true" className={tone}>
        {glyph}
      </span>
      {word}
    </button>
  );
}
