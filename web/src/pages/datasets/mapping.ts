// Which column fills which field of an item. `messages` stands for a whole conversation instead of one input.

export const FIELDS = ["input", "expected", "id"] as const;
export type Field = (typeof FIELDS)[number];

/** `input:question,expected:answer`, as the import takes it. Fields without a column are left out. */
export function mapParameter(mapping: Record<string, string>): string {
  return Object.entries(mapping)
    .filter(([, column]) => column !== "")
    .map(([field, column]) => `${field}:${column}`)
    .join(",");
}

/** A name for the dataset from its file: `My Questions (2).csv` becomes `my-questions-2`. */
export function nameFrom(file: string): string {
  const stem = file.replace(/\.[a-z0-9]+$/i, "").toLowerCase();
  return stem.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "dataset";
}

const isSystem = (message: unknown) =>
  typeof message === "object" && message !== null && ["system", "developer"].includes(String((message as { role?: unknown }).role));

/** What an item asks and expects, in one line each, whatever its shape. Instructions, often the same in all items, come last. */
export function itemText(item: Record<string, unknown>): { input: string; expected: string } {
  const line = (value: unknown): string => {
    if (value === null || value === undefined) return "";
    if (typeof value === "string") return value;
    if (Array.isArray(value)) return [...value.filter((part) => !isSystem(part)), ...value.filter(isSystem)].map(line).join(" · ");
    if (typeof value === "object") {
      const { content, text, role, messages } = value as Record<string, unknown>;
      if (messages !== undefined) return line(messages);
      if (content !== undefined) return role === undefined || role === "user" ? line(content) : `${String(role)}: ${line(content)}`;
      if (text !== undefined) return line(text);
    }
    return JSON.stringify(value);
  };
  return { input: line(item.input ?? item.messages), expected: line(item.expected ?? item.reference) };
}
