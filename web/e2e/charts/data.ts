// Fixed data: waves instead of noise, gaps and thin buckets included.
const N = 24;
const START = 1_767_225_600;
const wave = (i: number, at: number, by: number, phase: number) => at + by * Math.sin(i / 2.2 + phase);
const each = (value: (i: number) => number | null) => Array.from({ length: N }, (_, i) => value(i));

export const times = Array.from({ length: N }, (_, i) => START + i * 3600);
const line = (at: number, phase: number) => each((i) => (i === 9 || i === 10 ? null : wave(i, at, 0.02, phase)));
const around = (values: (number | null)[], by: number) => values.map((value) => (value === null ? null : value + by));

const large = line(0.93, 0);
const small = line(0.82, 2);
export const quality = [
  { label: "sim/large", variable: "--s1", values: large, band: { lower: around(large, -0.02), upper: around(large, 0.02) } },
  { label: "sim/small", variable: "--s2", dash: [6, 3], values: small, pale: times.map((_, i) => i < 4) },
];
export const floors = [{ at: 0.85, label: "floor 0.85", variable: "--warn" }];
export const marks = [{ at: START + 6 * 3600, label: "promoted", short: "p", variable: "--faint" }];
export const stack = [
  { label: "maths", variable: "--s1", values: each((i) => wave(i, 0.9, 0.3, 0)) },
  { label: "extract", variable: "--s2", values: each((i) => wave(i, 1.6, 0.3, 1)) },
  { label: "classify", variable: "--s3", values: each((i) => wave(i, 2.4, 0.3, 2)) },
];
export const points = [
  { label: "nano", cost: 0.18, value: 0.752, lower: 0.725, upper: 0.778, n: 240 },
  { label: "gemini-flash", cost: 0.42, value: 0.846, lower: 0.835, upper: 0.857, n: 1200 },
  { label: "llama-70b", cost: 0.9, value: 0.823, lower: 0.8, upper: 0.85, n: 400 },
  { label: "haiku", cost: 1.4, value: 0.883, lower: 0.874, upper: 0.892, n: 2400 },
  { label: "mistral-large", cost: 4.4, value: 0.872, lower: 0.838, upper: 0.905, n: 9 },
  { label: "gpt-4.1", cost: 12, value: 0.926, lower: 0.91, upper: 0.941, n: 900 },
];
export const router = { cost: 1.05, value: 0.904 };
export const rungs = [
  { key: "0", title: "5 %", detail: "11:14, 300 scores", state: "done" as const },
  { key: "1", title: "25 %", detail: "160 of 400 scores", state: "now" as const },
  { key: "2", title: "100 %", detail: "becomes stable", state: "todo" as const },
];
export const phases = [
  { key: "0", label: "sim/small", start_ms: 0, length_ms: 300, note: "timeout", tone: "bad" as const },
  { key: "1", label: "sim/large", start_ms: 310, length_ms: 590, note: "status 200", tone: "ok" as const },
  { key: "ttft", label: "to first token", start_ms: 0, length_ms: 480, note: "what a reader waits for", tone: "plain" as const },
];
export const spark = [1, 3, 2, null, 4, 6, 5, 5, 7];
