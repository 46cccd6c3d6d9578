// Scorers that come with weir, each as it would stand in weir.toml.
import type { JudgeTemplate } from "../../api/types";

export interface BuiltIn {
  kind: string;
  says: string;
  /** Fields under `[scorers.kind]`. */
  fields: string[];
}

/** Those that most people begin with. Every other kind is told by `weir config schema`. */
const CHECKS: BuiltIn[] = [
  { kind: "exact_match", says: "The answer is the expected one", fields: [] },
  { kind: "contains", says: "The answer has a text in it", fields: ['value = "thank you"'] },
  { kind: "regex", says: "A pattern matches the answer", fields: ['must_match = "^[0-9]+$"'] },
  { kind: "f1_tokens", says: "How many words it shares with the expected answer", fields: [] },
  { kind: "levenshtein", says: "How few letters must change to make it the expected answer", fields: [] },
];

/** What each judge that comes with weir is asked. */
const JUDGES: Record<string, string> = {
  factuality: "Does the answer agree with the expected one on the facts?",
  closed_qa: "Does the answer meet a written criterion?",
  rubric: "Which described level does the answer reach?",
  g_eval: "How well does the answer meet written criteria, from 0 to 10?",
  pairwise: "Is the answer better than another to the same question?",
  faithfulness: "Does the answer claim only what its context supports?",
  answer_relevancy: "Does the answer speak to what was asked?",
  context_precision: "Do the useful passages stand at the top?",
  context_recall: "Does the context hold what the expected answer needs?",
  instruction_following: "Was every instruction followed?",
  tool_correctness: "Were the right tools called with the right arguments?",
  toxicity: "Is anyone insulted, threatened or demeaned?",
};
/** Its levels come with whoever uses it: plain ones to begin with, worst first. */
const RUBRIC = ["It misses the criteria.", "It meets them in part.", "It meets them in full."];

export function builtIns(templates: Pick<JudgeTemplate, "name">[], model: string): BuiltIn[] {
  const judges = templates.map(({ name }) => ({
    kind: name,
    says: `${JUDGES[name] ?? "What its prompt asks"} A model judges`,
    fields: [
      `kind = "judge"`,
      `template = ${JSON.stringify(name)}`,
      `model = ${JSON.stringify(model)}`,
      ...(name === "rubric" ? [`levels = [${RUBRIC.map((level) => JSON.stringify(level)).join(", ")}]`] : []),
    ],
  }));
  return [...CHECKS, ...judges];
}

/** The scorer, and the line by which a workload is graded by it. */
export function toml({ kind, fields }: BuiltIn, workload: string): string {
  const table = (name: string) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));
  const own = fields.some((field) => field.startsWith("kind")) ? [] : [`kind = ${JSON.stringify(kind)}`];
  return [`[scorers.${table(kind)}]`, ...own, ...fields, "", `[workloads.${table(workload)}]`, `scorers = [${JSON.stringify(kind)}]`].join(
    "\n",
  );
}
