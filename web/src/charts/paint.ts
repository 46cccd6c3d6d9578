// What uPlot does not draw itself: points that may be pale, labelled lines, and labels beside the series.
import type uPlot from "uplot";
import { spread } from "./scale";
import { lastKnown, type Line, type Mark, nameSides } from "./series";

type Paint = (variable: string) => string;

function scaled(u: uPlot): number {
  return u.ctx.canvas.width / u.width;
}

/** Points of each line, pale where too few scores stand behind them; the unfinished last stretch is dashed. */
export function paintPoints(u: uPlot, lines: Line[], partial: boolean, paint: Paint): void {
  const { ctx } = u;
  const px = scaled(u);
  ctx.save();
  for (const line of lines) {
    const colour = paint(line.variable);
    const crowded = line.values.filter((value) => value !== null).length > 80;
    line.values.forEach((value, i) => {
      if (value === null) return;
      const alone = (line.values[i - 1] ?? null) === null && (line.values[i + 1] ?? null) === null;
      if (crowded && !alone) return;
      ctx.globalAlpha = line.pale?.[i] ? 0.35 : 1;
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(u.valToPos(u.data[0][i] ?? 0, "x", true), u.valToPos(value, "y", true), 2.2 * px, 0, 7);
      ctx.fill();
    });
    const last = line.values.length - 1;
    const [a, b] = [line.values[last - 1] ?? null, line.values[last] ?? null];
    if (partial && a !== null && b !== null) {
      const at = (i: number, v: number): [number, number] => [u.valToPos(u.data[0][i] ?? 0, "x", true), u.valToPos(v, "y", true)];
      ctx.globalAlpha = 1;
      ctx.lineWidth = 2.4 * px;
      ctx.setLineDash([2 * px, 3 * px]);
      ctx.strokeStyle = paint("--raised");
      ctx.beginPath();
      ctx.moveTo(...at(last - 1, a));
      ctx.lineTo(...at(last, b));
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }
  ctx.restore();
}

/** One column per bucket, each line's part on top of the one before it. A bucket without any stays empty. */
export function paintStack(u: uPlot, lines: Line[], paint: Paint): void {
  const { ctx } = u;
  const times = u.data[0];
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  const at = (seconds: number) => Math.round(u.valToPos(seconds, "x", true));
  const y = (share: number) => u.valToPos(share, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.75;
  lines.forEach((line, i) => {
    ctx.fillStyle = paint(line.variable);
    line.values.forEach((value, k) => {
      if (value === null) return;
      const under = i > 0 ? (lines[i - 1]?.values[k] ?? 0) : 0;
      const [left, right] = [at((times[k] ?? 0) - step / 2), at((times[k] ?? 0) + step / 2)];
      ctx.fillRect(left, y(value), right - left, y(under) - y(value));
    });
  });
  ctx.restore();
}

/** Where neither is better, on an axis that has both sides. */
export function paintZero(u: uPlot, paint: Paint): void {
  const { ctx, bbox } = u;
  const y = u.valToPos(0, "y", true);
  ctx.save();
  ctx.strokeStyle = paint("--faint");
  ctx.lineWidth = scaled(u);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Text that stays readable where it crosses a line. */
function outlined(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, behind: string): void {
  const { strokeStyle, lineWidth } = ctx;
  ctx.setLineDash([]);
  ctx.strokeStyle = behind;
  ctx.globalAlpha = 0.75;
  ctx.lineWidth = lineWidth * 4;
  ctx.lineJoin = "round";
  ctx.strokeText(text, x, y);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = strokeStyle;
  ctx.lineWidth = lineWidth;
  ctx.fillText(text, x, y);
}

/** Horizontal lines (floor, margin) and vertical ones (revisions, steps), each with its name. */
export function paintMarks(u: uPlot, floors: Mark[], marks: Mark[], paint: Paint): void {
  const { ctx, bbox } = u;
  const px = scaled(u);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, ctx.canvas.width - bbox.left, bbox.top + bbox.height);
  ctx.clip();
  ctx.font = `${11 * px}px ${paint("--sans")}`;
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = px;
  for (const floor of floors) {
    const y = u.valToPos(floor.at, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = paint(floor.variable);
    ctx.setLineDash([5 * px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    const room = y + 14 * px < bbox.top + bbox.height;
    const label = ctx.measureText(floor.label).width < bbox.width - 8 * px ? floor.label : (floor.short ?? floor.label);
    outlined(ctx, label, bbox.left + bbox.width - 4 * px, room ? y + 13 * px : y - 4 * px, paint("--raised"));
  }
  const right = bbox.left + bbox.width;
  const inside = marks
    .map((mark) => ({ ...mark, x: u.valToPos(mark.at, "x", true), width: ctx.measureText(mark.label).width + 8 * px }))
    .filter(({ x }) => x >= bbox.left && x <= right)
    .sort((a, b) => a.x - b.x);
  const sides = nameSides(inside, bbox.left, right);
  let drawn = -Infinity;
  inside.forEach(({ x, label, variable }, i) => {
    // Lines on top of each other are one.
    if (x - drawn >= 3 * px) {
      drawn = x;
      ctx.strokeStyle = paint("--faint");
      ctx.setLineDash([2 * px, 3 * px]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    const side = sides[i];
    if (!side) return;
    // Above its line, and near the right edge before it.
    ctx.fillStyle = paint(variable);
    ctx.textAlign = side === "before" ? "right" : "left";
    ctx.setLineDash([]);
    ctx.fillText(label, side === "before" ? x + 2 * px : x - 2 * px, bbox.top - 6 * px);
  });
  ctx.restore();
}

/** Whose clock the time axis is written by, where that axis begins. */
export function paintZone(u: uPlot, zone: string, paint: Paint): void {
  const { ctx, bbox } = u;
  const px = scaled(u);
  ctx.save();
  ctx.font = `${11 * px}px ${paint("--sans")}`;
  ctx.fillStyle = paint("--faint");
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  ctx.fillText(zone, 0, bbox.top + bbox.height + 6 * px);
  ctx.restore();
}

/** The name of each line at its right end, pushed apart where they would touch. */
export function paintLabels(u: uPlot, lines: Line[], stacked: boolean, paint: Paint): void {
  const { ctx, bbox } = u;
  const px = scaled(u);
  const ends = lines.map((line, i) => {
    const end = lastKnown(line.values);
    if (!end) return null;
    const under = stacked && i > 0 ? (lines[i - 1]?.values[end.at] ?? 0) : null;
    return u.valToPos(under === null ? (stacked ? end.value / 2 : end.value) : (end.value + under) / 2, "y", true);
  });
  const shown = lines.flatMap((line, i) => (ends[i] === null || ends[i] === undefined ? [] : [{ line, y: ends[i] }]));
  const places = spread(
    shown.map((end) => end.y),
    13 * px,
    bbox.top + 4 * px,
    bbox.top + bbox.height - 2 * px,
  );
  ctx.save();
  ctx.font = `${11 * px}px ${paint("--sans")}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  shown.forEach(({ line }, i) => {
    const y = places[i] ?? 0;
    const x = bbox.left + bbox.width + 6 * px;
    ctx.fillStyle = paint(line.variable);
    ctx.fillRect(x, y - 4 * px, 8 * px, 8 * px);
    ctx.fillStyle = paint("--text");
    ctx.fillText(fit(ctx, line.label, ctx.canvas.width - x - 14 * px), x + 12 * px, y);
  });
  ctx.restore();
}

function fit(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let cut = text;
  while (cut.length > 1 && ctx.measureText(`…${cut}`).width > width) cut = cut.slice(1);
  return `…${cut}`;
}
