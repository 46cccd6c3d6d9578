// Which points are on the quality-cost frontier, and where labels go so that none covers another.

export interface FrontierPoint {
  label: string;
  cost: number;
  value: number;
  lower: number;
  upper: number;
  n: number;
}

/** The labels of the points no other beats: cheaper and at least as good. In order of cost. */
export function frontier<P extends { label: string; cost: number; value: number }>(points: P[]): P[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || b.value - a.value);
  let best = -Infinity;
  return sorted.filter((point) => {
    if (point.value <= best) return false;
    best = point.value;
    return true;
  });
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export interface Placed {
  label: string;
  x: number;
  y: number;
  anchor: "start" | "end";
}

/** Gives each label the first free spot around its point: right, above right, below right, then left. `null` spots are dropped. */
export function place(wanted: { label: string; x: number; y: number; width: number }[], taken: Box[], area: Box): Placed[] {
  const height = 13;
  const boxes = [...taken];
  const out: Placed[] = [];
  for (const { label, x, y, width } of wanted) {
    const spots: [number, number, "start" | "end"][] = [
      [10, 4, "start"],
      [9, -8, "start"],
      [9, 16, "start"],
      [-10, 4, "end"],
      [-9, -8, "end"],
      [-9, 16, "end"],
    ];
    for (const [dx, dy, anchor] of spots) {
      const left = anchor === "start" ? x + dx : x + dx - width;
      const box = { x: left, y: y + dy - 10, width, height };
      const inside =
        box.x >= area.x && box.x + box.width <= area.x + area.width && box.y >= area.y && box.y + height <= area.y + area.height;
      if (!inside || boxes.some((other) => overlaps(box, other))) continue;
      boxes.push(box);
      out.push({ label, x: x + dx, y: y + dy, anchor });
      break;
    }
  }
  return out;
}

/** Small boxes along a line through these points, so that labels keep off it. */
export function along(points: { x: number; y: number }[], every = 6): Box[] {
  return points.slice(1).flatMap((to, i) => {
    const from = points[i] ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / every));
    return Array.from({ length: steps + 1 }, (_, k) => ({
      x: from.x + ((to.x - from.x) * k) / steps - 1,
      y: from.y + ((to.y - from.y) * k) / steps - 1,
      width: 2,
      height: 2,
    }));
  });
}
