// An item as people write it: the last thing asked and the answer as plain text, all else as JSON.
import type { DatasetItem } from "../../api/types";

export interface Written {
  id: string;
  /** Said before the question; empty for none. */
  system: string;
  question: string;
  expected: string;
  split: string;
  tags: string;
  /** Everything else, as JSON text. */
  rest: string;
}
interface Message {
  role: string;
  content: unknown;
}

const OWN = new Set(["id", "input", "expected", "split", "tags"]);
const messages = (item: DatasetItem): Message[] => {
  const { input } = item;
  if (Array.isArray(input)) return input as Message[];
  if (typeof input === "object" && input !== null && Array.isArray((input as { messages?: unknown }).messages))
    return (input as { messages: Message[] }).messages;
  return typeof input === "string" ? [{ role: "user", content: input }] : [];
};

/** Plain text can be edited in a box; a longer conversation or anything but text is edited as JSON. */
export function isPlain(item: DatasetItem): boolean {
  const said = messages(item);
  const shape = said.map((message) => message.role).join(" ");
  return (shape === "user" || shape === "system user") && said.every((message) => typeof message.content === "string");
}

export function written(item: DatasetItem | null): Written {
  const said = item ? messages(item) : [];
  const text = (role: string) => String(said.find((message) => message.role === role)?.content ?? "");
  const rest = Object.fromEntries(Object.entries(item ?? {}).filter(([key]) => !OWN.has(key)));
  const expected = item?.expected;
  return {
    id: typeof item?.id === "string" ? item.id : "",
    system: text("system"),
    question: text("user"),
    expected: expected === undefined || expected === null ? "" : typeof expected === "string" ? expected : JSON.stringify(expected),
    split: typeof item?.split === "string" ? item.split : "",
    tags: Array.isArray(item?.tags) ? item.tags.join(", ") : "",
    rest: Object.keys(rest).length === 0 ? "" : JSON.stringify(rest, null, 2),
  };
}

/** The item to send. An expected answer that was not text stays what it was, if it still reads as JSON. */
export function toItem(form: Written, before: DatasetItem | null): DatasetItem {
  const input = [...(form.system.trim() ? [{ role: "system", content: form.system }] : []), { role: "user", content: form.question }];
  const tags = form.tags
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
  const wasJson = before?.expected !== undefined && before.expected !== null && typeof before.expected !== "string";
  return {
    ...(form.rest.trim() ? (JSON.parse(form.rest) as DatasetItem) : {}),
    ...(form.id.trim() ? { id: form.id.trim() } : {}),
    input,
    ...(form.expected === "" ? {} : { expected: wasJson ? parsed(form.expected) : form.expected }),
    ...(form.split.trim() ? { split: form.split.trim() } : {}),
    ...(tags.length > 0 ? { tags } : {}),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Why it cannot be sent; `null` when it can. */
export function problem(form: Written): string | null {
  if (form.question.trim() === "") return "The question is empty.";
  if (form.rest.trim() === "") return null;
  try {
    const rest: unknown = JSON.parse(form.rest);
    return typeof rest === "object" && rest !== null && !Array.isArray(rest) ? null : "The rest must be one JSON object.";
  } catch (error) {
    return `The rest is not JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
