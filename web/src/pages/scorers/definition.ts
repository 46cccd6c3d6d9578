// A judge's definition as a form: read from the configuration, filled from a template, written as TOML.
import type { ConfigRow, JudgeTemplate } from "../../api/types";

export type Definition = Record<string, unknown>;

/** Reads a value as the configuration shows it; what is no JSON stays text. */
function value(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The definition that the settings of one scorer make: `choices.kind` is `kind` of `choices`. */
export function fromSettings(settings: ConfigRow[]): Definition {
  const out: Definition = {};
  for (const row of settings) {
    const [table = "", ...rest] = row.key.split(".");
    if (rest.length === 0) out[table] = value(row.value);
    else out[table] = { ...(out[table] as Definition | undefined), [rest.join(".").replaceAll('"', "")]: value(row.value) };
  }
  return out;
}

/** A template's definition with what the judge sets itself on top, and no `template` any more: its prompt can be edited. */
export function filled(own: Definition, templates: JudgeTemplate[]): Definition {
  const { template, ...rest } = own;
  const found = templates.find(({ name }) => name === template);
  if (!found) return own;
  const definition = found.definition as Definition;
  const prompt = Array.isArray(rest.levels) ? undefined : definition.prompt;
  return { ...definition, ...(prompt === undefined ? {} : { prompt }), ...rest };
}

/** `kind = 1` on each line. */
export function choicesText(definition: Definition): string {
  const choices = definition.choices;
  if (typeof choices !== "object" || choices === null) return "";
  return Object.entries(choices)
    .map(([label, grade]) => `${label} = ${String(grade)}`)
    .join("\n");
}

/** Labels with their grades; the first line that cannot be read is named. */
export function readChoices(text: string): { choices: Record<string, number>; problem: string | null } {
  const choices: Record<string, number> = {};
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const at = line.lastIndexOf("=");
    const label = line.slice(0, at).trim();
    const grade = Number(line.slice(at + 1).trim() || Number.NaN);
    if (at < 1 || label === "" || !(grade >= 0 && grade <= 1))
      return { choices, problem: `Line ${i + 1}: wanted a label, “=” and a grade from 0 to 1` };
    choices[label] = grade;
  }
  return { choices, problem: null };
}

const key = (name: string) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));

function literal(of: unknown): string {
  if (Array.isArray(of)) return `[${of.map(literal).join(", ")}]`;
  if (typeof of === "object" && of !== null)
    return `{ ${Object.entries(of)
      .map(([name, each]) => `${key(name)} = ${literal(each)}`)
      .join(", ")} }`;
  if (typeof of === "string" && of.includes("\n") && !of.includes('"""') && !of.includes("\\")) return `"""\n${of}"""`;
  return JSON.stringify(of);
}

/** As it would stand in weir.toml. */
export function toml(name: string, definition: Definition): string {
  const rows = Object.entries(definition).filter(([, each]) => each !== undefined && each !== null);
  return [`[scorers.${key(name)}]`, ...rows.map(([field, each]) => `${field} = ${literal(each)}`)].join("\n");
}
