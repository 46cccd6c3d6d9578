// Scales and ticks: pure functions from data to pixels.

export type Scale = (value: number) => number;

export function linear([d0, d1]: [number, number], [r0, r1]: [number, number]): Scale {
  const span = d1 - d0 || 1;
  return (value) => r0 + ((value - d0) / span) * (r1 - r0);
}

/** Logarithmic; values at or below zero land on the lower end. */
export function log([d0, d1]: [number, number], range: [number, number]): Scale {
  const inner = linear([Math.log(d0), Math.log(d1)], range);
  return (value) => inner(Math.log(Math.max(value, d0)));
}

/** Round ticks that cover `[from, to]`, about `target` of them. */
export function ticks(from: number, to: number, target = 5): number[] {
  if (!(to > from)) return [from];
  const raw = (to - from) / target;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Ticks at 1 and 3 (and, over less than a decade, 2 and 5 too) times powers of ten. */
export function logTicks(from: number, to: number): number[] {
  const steps = to / from < 12 ? [1, 2, 3, 5] : to / from > 2000 ? [1] : [1, 3];
  const out: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const step of steps) {
      const tick = Number((step * 10 ** power).toPrecision(6));
      if (tick >= from * 0.999 && tick <= to * 1.001) out.push(tick);
    }
  }
  return out;
}

/** Of logarithmic ticks those whose labels, `width(tick)` px wide, stand apart: all, else the powers of ten, else every so many. */
export function apart(marks: number[], at: Scale, width: (tick: number) => number, gap = 8): number[] {
  const clear = (some: number[]) =>
    some.every((tick, i) => {
      const before = some[i - 1];
      return before === undefined || at(tick) - at(before) >= (width(tick) + width(before)) / 2 + gap;
    });
  if (clear(marks)) return marks;
  const tens = marks.filter((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
  for (let every = 1; every < tens.length; every++) {
    const some = tens.filter((_, i) => i % every === 0);
    if (clear(some)) return some;
  }
  return tens.slice(0, 1);
}

/** Grows `[min, max]` outwards to round numbers with a little air. */
export function nice(min: number, max: number, target = 6): [number, number] {
  const air = (max - min || Math.abs(max) || 1) * 0.03;
  const marks = ticks(min - air, max + air, target);
  const step = marks.length > 1 ? (marks[1] ?? 0) - (marks[0] ?? 0) : air * 2;
  return [Math.floor((min - air) / step + 1e-9) * step, Math.ceil((max + air) / step - 1e-9) * step].map((v) =>
    Number(v.toPrecision(12)),
  ) as [number, number];
}

/** Pushes labels that want a place on one axis apart by at least `gap`, moving each as little as needed. */
export function spread(wanted: number[], gap: number, min = -Infinity, max = Infinity): number[] {
  const order = wanted.map((at, i) => ({ at, i })).sort((a, b) => a.at - b.at);
  for (const label of order) label.at = Math.max(min, label.at);
  for (let i = 1; i < order.length; i++) {
    const before = order[i - 1];
    const label = order[i];
    if (before && label && label.at - before.at < gap) label.at = before.at + gap;
  }
  let limit = max;
  for (let i = order.length - 1; i >= 0; i--) {
    const label = order[i];
    if (!label) continue;
    label.at = Math.max(min, Math.min(label.at, limit));
    limit = label.at - gap;
  }
  const out = new Array<number>(wanted.length);
  for (const label of order) out[label.i] = label.at;
  return out;
}

/** Seconds between two times on an axis, as people count them. */
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/** Round times from `start` to before `end`, at most about so many. */
export function roundTimes(start: number, end: number, most: number): number[] {
  const wanted = (end - start) / most;
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
  const first = Math.ceil(start / step) * step;
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step);
}
