// A suite written from a form: the dataset, and scorers that the configuration already has.
import type { ConfigRow } from "../../api/types";

export interface Draft {
  name: string;
  workload: string;
  dataset: string;
  /** Names of configured scorers; the first decides. */
  scorers: string[];
  models: string[];
  /** Only so many items, the same ones every time; 0 for all. */
  sample: number;
  /** Dollars that answers and judges may cost together; 0 for no limit. */
  maxUsd: number;
}

const text = (value: string) => JSON.stringify(value);

/** Settings of a scorer as the configuration has them, `kind` first. */
export function settingsOf(config: ConfigRow[], name: string): [key: string, value: string][] {
  const prefixes = [`scorers.${name}.`, `scorers.${JSON.stringify(name)}.`];
  const rows = config.flatMap(({ key, value }): [string, string][] => {
    const prefix = prefixes.find((each) => key.startsWith(each));
    return prefix ? [[key.slice(prefix.length), value]] : [];
  });
  return rows.sort(([a], [b]) => Number(b === "kind") - Number(a === "kind") || a.localeCompare(b));
}

export function suite(draft: Draft, config: ConfigRow[]): string {
  const [quality] = draft.scorers;
  const scorers = draft.scorers.map((name) =>
    ["[[scorer]]", `name = ${text(name)}`, ...settingsOf(config, name).map(([key, value]) => `${key} = ${value}`)].join("\n"),
  );
  const head = ["[suite]", `name = ${text(draft.name)}`, `workload = ${text(draft.workload)}`, `dataset = ${text(draft.dataset)}`];
  return [[...head, ...(quality ? [`quality = ${text(quality)}`] : [])].join("\n"), ...scorers].join("\n\n");
}
