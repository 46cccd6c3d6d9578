import type { Deployment } from "../../api/types";
import { count, percent, plural } from "../../lib/format";

type Minute = Deployment["minutes"][number];
const HEIGHT = 20;
/** A dot's room at which it has its full size, px. */
const ROOM = 15;

/** What a minute is drawn as: a gap without traffic, never a zero. */
export function tone({ requests, failed }: Minute): "none" | "ok" | "warn" | "bad" {
  if (requests === 0) return "none";
  const share = failed / requests;
  return share === 0 ? "ok" : share < 0.05 ? "warn" : "bad";
}

/** Twelve dots of five minutes each, for a row; a bad minute is never averaged away. */
export function fives(minutes: Minute[]): { requests: number; failed: number; worst: ReturnType<typeof tone> }[] {
  const order = ["none", "ok", "warn", "bad"] as const;
  return Array.from({ length: Math.ceil(minutes.length / 5) }, (_, i) => {
    const part = minutes.slice(i * 5, i * 5 + 5);
    const worst = part.map(tone).reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), "none" as ReturnType<typeof tone>);
    return { requests: part.reduce((sum, m) => sum + m.requests, 0), failed: part.reduce((sum, m) => sum + m.failed, 0), worst };
  });
}

const FILL = { none: "var(--line)", ok: "var(--ok)", warn: "var(--warn)", bad: "var(--bad)" } as const;

/** The last hour at a glance: shape and size differ with the state, so that colour is never the only sign. */
export function HealthDots({ id, minutes, width = 180 }: { id: string; minutes: Minute[]; width?: number }) {
  const dots = fives(minutes);
  const size = Math.min(1, width / dots.length / ROOM);
  const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
  const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0);
  const said = requests === 0 ? "no requests in the last hour" : `${plural(requests, "request")} in the last hour, ${count(failed)} failed`;
  return (
    <svg width={width} height={HEIGHT} role="img" aria-label={`${id}: ${said}`}>
      {dots.map((dot, i) => {
        const x = (i + 0.5) * (width / dots.length);
        const says = dot.requests === 0 ? "no requests" : `${count(dot.requests)} requests, ${percent(dot.failed / dot.requests)} failed`;
        const from = 60 - i * 5;
        return (
          <g key={from}>
            <title>{`${from} to ${from - 5} min ago: ${says}`}</title>
            {dot.worst === "bad" ? (
              <rect x={x - 5 * size} y={HEIGHT / 2 - 5 * size} width={10 * size} height={10 * size} fill={FILL.bad} />
            ) : (
              <circle
                cx={x}
                cy={HEIGHT / 2}
                r={(dot.worst === "none" ? 2 : dot.worst === "warn" ? 5.5 : 4.5) * size}
                fill={FILL[dot.worst]}
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}
