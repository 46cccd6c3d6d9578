import type { WindowRow } from "../../api/types";

/** A series of scores that a workload has, and whether it steers its routing. */
export interface ScoreSeries {
  name: string;
  decides: boolean;
}

/** The series of scores in these windows that none of the workload's own scorers writes: an online rule or the API does, or a
 * scorer that was in the configuration before. */
export function othersSeries(windows: Pick<WindowRow, "scorer" | "quality">[], scorers: string[]): ScoreSeries[] {
  const names = [...new Set(windows.map((row) => row.scorer))].filter((name) => !scorers.includes(name)).sort();
  return names.map((name) => ({ name, decides: windows.some((row) => row.scorer === name && row.quality) }));
}
