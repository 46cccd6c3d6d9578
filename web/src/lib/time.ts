// Times are shown relative, with the absolute time on hover.
import { shown } from "./zone";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NARROW = "\u202f";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `14 min`, `2 h`, `5 d` for a length of time in seconds. */
export function span(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 5) return "now";
  if (s < MINUTE) return `${Math.floor(s)}${NARROW}s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)}${NARROW}min`;
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}${NARROW}h`;
  return `${Math.floor(s / DAY)}${NARROW}d`;
}

/** How long ago, from `now` in ms. */
export function ago(at: string, now: number): string {
  return span((now - Date.parse(at)) / 1000);
}

/** `14 min ago`, or `just now`: for sentences. */
export function agoWords(at: string, now: number): string {
  const text = ago(at, now);
  return text === "now" ? "just now" : `${text} ago`;
}

/** `14:02` on the clock that is shown. */
export function hourMinute(at: string): string {
  return clock(at).slice(0, 5);
}

/** `14:02:07` on the clock that is shown, from seconds. */
export function hourMinuteSecond(seconds: number): string {
  return clock(new Date(seconds * 1000).toISOString()).slice(0, 8);
}

/** `2026-11-21 01:02:03 UTC`: unambiguous, for tooltips and details. */
export function absolute(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `01:02:03.456` on the clock that is shown: for rows that arrive many a second. */
export function clock(at: string): string {
  const time = shown(new Date(at));
  return Number.isNaN(time.getTime()) ? at : time.toISOString().slice(11, 23);
}

/** A tick label for an axis that covers `range` seconds. */
export function axisTime(seconds: number, range: number): string {
  const text = shown(new Date(seconds * 1000)).toISOString();
  if (range <= 10 * MINUTE) return text.slice(11, 19);
  if (range <= 2 * DAY) return text.slice(11, 16);
  return `${Number(text.slice(8, 10))}${NARROW}${MONTHS[Number(text.slice(5, 7)) - 1]}`;
}

export const RANGES = { "5m": 300, "15m": 900, "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800 } as const;
export type Range = keyof typeof RANGES;
/** What to show first of something that began at `began`: an hour, or less when it is younger. */
export function firstRange(began: number | null, now: number): Range {
  const age = began === null ? Number.POSITIVE_INFINITY : (now - began) / 1000;
  return age < RANGES["5m"] ? "5m" : age < RANGES["15m"] ? "15m" : "1h";
}
/** A day, or the hour that holds all there is since `began`: of a day in which an hour is filled little is seen. */
export function wholeRange(began: string | null | undefined, now: number): Range {
  return began && now - Date.parse(began) < (RANGES["1h"] - 5 * MINUTE) * 1000 ? "1h" : "24h";
}
/** `5 min`, `24 h`: a range as it is said. */
export const rangeName = (range: Range): string => range.replace(/^(\d+)m$/, `$1${NARROW}min`).replace(/^(\d+)([hd])$/, `$1${NARROW}$2`);
export const isRange = (text: unknown): text is Range => typeof text === "string" && text in RANGES;
