// How numbers are written: true minus; thousands, and units, after a narrow space that no line breaks at.

const NARROW = "\u202f";
export const MINUS = "−";
export const NONE = "–";

type Maybe = number | null | undefined;
const missing = (value: Maybe): value is null | undefined => value === null || value === undefined || !Number.isFinite(value);

/** Replaces the hyphen of a formatted number by a true minus. */
function signed(text: string): string {
  return text.replace(/^-/, MINUS);
}

/** `12 400`: whole numbers, their thousands apart. */
export function count(value: Maybe): string {
  if (missing(value)) return NONE;
  const digits = String(Math.abs(Math.round(value)));
  const grouped = digits.length < 5 ? digits.replace(/^(\d)(\d{3})$/, `$1${NARROW}$2`) : digits.replace(/\B(?=(\d{3})+$)/g, NARROW);
  return (value < 0 && digits !== "0" ? MINUS : "") + grouped;
}

/** `12.4 k`, `1.2 M`: for columns where the size matters more than the last digit. */
export function compact(value: Maybe): string {
  if (missing(value)) return NONE;
  const size = Math.abs(value);
  if (size < 10_000) return count(value);
  const [by, unit] = size < 999_500 ? [1e3, "k"] : size < 999_500_000 ? [1e6, "M"] : [1e9, "G"];
  const scaled = value / by;
  return `${signed(scaled.toFixed(Math.abs(scaled) < 99.95 ? 1 : 0))}${NARROW}${unit}`;
}

/** `0.904`: a grade. */
export function grade(value: Maybe): string {
  return missing(value) ? NONE : signed(value.toFixed(3));
}

/** `+0.014`: a difference of grades. */
export function difference(value: Maybe, digits = 3): string {
  if (missing(value)) return NONE;
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${text}` : signed(text);
}

/** `±0.011`: half the width of a band. */
export function halfWidth(figure: { lower: number; upper: number }): string {
  return `±${((figure.upper - figure.lower) / 2).toFixed(3)}`;
}

/** `$1.05`, `$61.2`, `$12 400`: three significant digits, never in exponents. */
export function usd(value: Maybe): string {
  if (missing(value)) return NONE;
  if (value === 0) return "$0";
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : "";
  if (size >= 999.5) return `${sign}$${count(size)}`;
  const decimals = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(size))));
  const text = size.toFixed(decimals);
  // Cents are written in full, and no zero follows them: $61.20 and $0.40, not $61.2 and $0.400.
  const whole = size >= 10 && size < 100 ? size.toFixed(2) : size < 1 && size >= 0.095 ? text.replace(/0$/, "") : text;
  return `${sign}$${whole}`;
}

/** `920 ms` below one second, else `1.62 s`; what rounds to nothing is `<0.1 ms`. */
export function ms(value: Maybe): string {
  if (missing(value)) return NONE;
  const size = Math.abs(value);
  if (size > 0 && size < 0.05) return `<0.1${NARROW}ms`;
  if (size < 10 && size > 0) return `${signed(value.toFixed(1))}${NARROW}ms`;
  if (size < 999.5) return `${signed(value.toFixed(0))}${NARROW}ms`;
  const seconds = value / 1000;
  return `${signed(seconds.toFixed(size < 99_950 ? 2 : 0))}${NARROW}s`;
}

/** `0.7 %`: a share of one. Small shares keep one decimal. */
export function percent(value: Maybe, decimals?: number): string {
  if (missing(value)) return NONE;
  const points = value * 100;
  const size = Math.abs(points);
  const digits = decimals ?? (size >= 10 || Number.isInteger(points) ? 0 : size >= 0.095 || size === 0 ? 1 : 2);
  return `${signed(points.toFixed(digits))}${NARROW}%`;
}

/** `99.98 %`: for shares where the distance from one matters. */
export function uptime(value: Maybe): string {
  if (missing(value)) return NONE;
  return value === 1 ? `100${NARROW}%` : `${(value * 100).toFixed(2)}${NARROW}%`;
}

/** `−89 %`: a relative change. */
export function change(value: Maybe): string {
  if (missing(value)) return NONE;
  const points = Math.round(value * 100);
  return `${points > 0 ? "+" : ""}${signed(String(points))}${NARROW}%`;
}

/** `3 scores`, `1 score`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `12.4 MB`: sizes of files, in powers of ten. */
export function bytes(value: Maybe): string {
  if (missing(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const scaled = value / 1000 ** at;
  return `${scaled.toFixed(at === 0 || scaled >= 100 ? 0 : 1)}${NARROW}${units[at]}`;
}

/** A clause as a sentence of its own: its first word is capitalised, unless it is a name such as `sim/small`. */
export function sentence(clause: string): string {
  return /^[a-z]+[ ,:]/.test(clause) ? clause.charAt(0).toUpperCase() + clause.slice(1) : clause;
}

/** A reason without the figures that prove it, which stand elsewhere: `worse than sim/large by more than 0.05`. */
export function gist(reason: string): string {
  return reason.replace(/[:,] (?:log evidence|mean|difference) [+−\d].*$/, "").replace(/(\d) %/g, `$1${NARROW}%`);
}

/** Dollars on an axis that ends at `top`: every tick with as many decimals as the finest needs. */
export function usdTicks(top: number): (value: number) => string {
  const decimals = top >= 20 ? 0 : Math.max(2, 1 - Math.floor(Math.log10(Math.max(top, 1e-9))));
  return (value) => (value === 0 ? "$0" : `$${value >= 1000 ? count(value) : value.toFixed(decimals)}`);
}

/** `0.85`, `0.8` as `0.80`: floors and margins line up in a column. */
export function threshold(value: Maybe): string {
  if (missing(value)) return NONE;
  return Number(value.toFixed(2)) === value ? value.toFixed(2) : String(value);
}
