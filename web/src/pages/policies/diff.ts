// What changed between two revisions: in sentences, and stage by stage side by side.
import type { Revision, Stage } from "../../api/types";

type Routes = Pick<Revision, "stages" | "admitted">;

/** What a stage was given, without its name: `floor 0.85`, `when …: lock …`. */
export function stageText(stage: Stage): string {
  const { stage: name, when, ...given } = stage;
  const said = Object.entries(given).map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${when ? `when ${when}: ` : ""}${[name, ...said].join(" ")}`;
}

export interface Line {
  before: string | null;
  after: string | null;
}

/** Both lists in one, those alike beside each other: the longest common subsequence is kept together. */
export function align(before: string[], after: string[]): Line[] {
  const width = after.length + 1;
  const longest = new Array<number>((before.length + 1) * width).fill(0);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, next] = [before[i] ?? null, after[j] ?? null];
    if (old !== null && old === next) {
      lines.push({ before: old, after: next });
      i += 1;
      j += 1;
    } else if (next === null || (old !== null && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ before: old, after: null });
      i += 1;
    } else {
      lines.push({ before: null, after: next });
      j += 1;
    }
  }
  return lines;
}

/** The change in plain English; one sentence says so when there is none. */
export function sentences(before: Routes | undefined, after: Routes): string[] {
  const stable = after.admitted[0];
  if (!before) return [`${stable ?? "Nothing"} serves; ${after.stages.length} stages decide.`];
  const out: string[] = [];
  if (before.admitted[0] !== stable)
    out.push(`${stable ?? "Nothing"} is the stable deployment now; it was ${before.admitted[0] ?? "nothing"}.`);
  const come = after.admitted.filter((id) => !before.admitted.includes(id));
  const gone = before.admitted.filter((id) => !after.admitted.includes(id));
  if (come.length > 0) out.push(`${come.join(", ")} may take ordinary traffic now.`);
  if (gone.length > 0) out.push(`${gone.join(", ")} takes no ordinary traffic any more.`);
  const lines = align(before.stages.map(stageText), after.stages.map(stageText));
  for (const { before: old, after: next } of lines) {
    if (old === null && next !== null) out.push(`New stage: ${next}.`);
    if (next === null && old !== null) out.push(`Stage dropped: ${old}.`);
  }
  if (out.length === 0 && before.admitted.join() !== after.admitted.join()) out.push("The same deployments are admitted in another order.");
  return out.length > 0 ? out : ["Nothing that routes has changed."];
}
