// Which requests become items: a form's fields as the filter that people also write by hand.

export interface Pick {
  workload: string;
  deployment: string;
  status: string;
  scorer: string;
  below: string;
  /** Further comparisons, as they are written: `latency_ms>2000 and arm=candidate`. */
  more: string;
  hours: string;
  sample: string;
  stratify: string;
  split: string;
  expected: boolean;
  redact: boolean;
}
export const FIRST: Pick = {
  workload: "",
  deployment: "",
  status: "ok",
  scorer: "",
  below: "0.5",
  more: "",
  hours: "24",
  sample: "100",
  stratify: "deployment",
  split: "",
  expected: false,
  redact: true,
};

const word = (value: string) => (/^[\w./:-]+$/.test(value) ? value : `'${value}'`);

/** Comparisons joined by `and`; empty fits every request. */
export function filterOf(pick: Pick): string {
  return [
    pick.workload && `workload=${word(pick.workload)}`,
    pick.deployment && `deployment=${word(pick.deployment)}`,
    pick.status && `status=${word(pick.status)}`,
    pick.scorer && `score.${pick.scorer}<${pick.below || "0.5"}`,
    pick.more.trim(),
  ]
    .filter(Boolean)
    .join(" and ");
}

/** The order as the API takes it. */
export function orderOf(pick: Pick) {
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    from: filterOf(pick),
    sample: number(pick.sample),
    stratify: pick.stratify || null,
    since_hours: number(pick.hours),
    split: pick.split || null,
    expected: pick.expected,
    redact: pick.redact,
    workload: pick.workload || null,
  };
}
