// Whom a run speaks for: the one to start a canary with.
import type { Run } from "../../api/types";

/**
 * Of the answers that were compared with the baseline, the one with the best mean that is not proven worse; a run without
 * a baseline speaks for the best. `null` where nobody has a grade, or all are worse.
 */
export function promising({ arms }: Pick<Run, "arms">): string | null {
  const of = (arm: Run["arms"][number]) => arm.metrics.find(({ name }) => name === "quality")?.grade ?? arm.metrics[0]?.grade ?? null;
  const base = arms.find((arm) => arm.is_baseline);
  const floor = base ? (of(base)?.lower ?? null) : null;
  const graded = arms.flatMap((arm) => {
    const grade = arm.is_baseline || arm.name.startsWith("weir/") ? null : of(arm);
    return grade && grade.n > 0 && (floor === null || grade.upper >= floor) ? [{ name: arm.name, value: grade.value }] : [];
  });
  return graded.sort((a, b) => b.value - a.value)[0]?.name ?? null;
}
