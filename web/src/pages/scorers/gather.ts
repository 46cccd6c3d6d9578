// One row per scorer, gathered from the workloads that use it and from the configuration.
import type { ConfigRow, Figure, ScorerSums, WindowRow } from "../../api/types";

export interface Used {
  workload: string;
  windows: WindowRow[];
}
export interface ScorerRow {
  name: string;
  /** What it is, such as `exact_match` or `judge`; `null` when the configuration does not say. */
  kind: string | null;
  used: Used[];
  /** Answers with a grade, and those it could not grade. */
  n: number;
  unscored: number;
  /** Weighted by grades; `null` without any. */
  mean: number | null;
  /** Workloads whose routing its grades steer. */
  decides: string[];
  /** Deployments whose grades have fallen. */
  suspect: string[];
  updated_at: string | null;
  /** Of the last 24 hours; `null` when it said nothing in them. */
  sums: ScorerSums | null;
  settings: ConfigRow[];
  /** How far it says what people say, beyond chance, and by how many labels; `null` without any, and of checks. */
  agreement: { kappa: Figure | null; labels: number } | null;
}
interface Detail {
  workload: string;
  scorers: string[];
  windows: WindowRow[];
}

/** Rows of the configuration under `scorers.<name>.`, with that prefix left out. */
export function settingsOf(config: ConfigRow[], name: string): ConfigRow[] {
  const prefixes = [`scorers.${name}.`, `scorers.${JSON.stringify(name)}.`];
  return config.flatMap((row) => {
    const prefix = prefixes.find((each) => row.key.startsWith(each));
    return prefix ? [{ ...row, key: row.key.slice(prefix.length) }] : [];
  });
}

export function gather(
  details: Detail[],
  config: ConfigRow[],
  sums: ScorerSums[],
  agreements: Record<string, ScorerRow["agreement"]> = {},
): ScorerRow[] {
  const names = new Set(details.flatMap(({ scorers, windows }) => [...scorers, ...windows.map((window) => window.scorer)]));
  for (const { key } of config) {
    const [table, name] = key.split(".");
    if (table === "scorers" && name) names.add(name.replaceAll('"', ""));
  }
  return [...names].sort().map((name) => {
    const used = details
      .map(({ workload, scorers, windows }) => ({
        workload,
        listed: scorers.includes(name),
        windows: windows.filter((window) => window.scorer === name),
      }))
      .filter(({ listed, windows }) => listed || windows.length > 0)
      .map(({ workload, windows }) => ({ workload, windows }));
    const windows = used.flatMap((each) => each.windows);
    const n = windows.reduce((sum, window) => sum + window.n, 0);
    const settings = settingsOf(config, name);
    return {
      name,
      kind: settings.find((row) => row.key === "kind")?.value.replaceAll('"', "") ?? null,
      used,
      n,
      unscored: windows.reduce((sum, window) => sum + window.unscored, 0),
      mean: n > 0 ? windows.reduce((sum, window) => sum + window.mean * window.n, 0) / n : null,
      decides: used.filter((each) => each.windows.some((window) => window.quality)).map((each) => each.workload),
      suspect: [...new Set(windows.filter((window) => window.state === "suspect").map((window) => window.deployment))],
      updated_at:
        windows
          .map((window) => window.updated_at)
          .sort()
          .at(-1) ?? null,
      sums: sums.find((row) => row.name === name) ?? null,
      settings,
      agreement: agreements[name] ?? null,
    };
  });
}
