// Reads the words out of request and response bodies. Bodies are whatever was sent, so nothing is assumed of them.

type Json = Record<string, unknown>;
const object = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Text of a message's content: a string, or the text parts of a list. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === null || content === undefined ? "" : JSON.stringify(content);
  return content
    .map((part) => (object(part) && typeof part.text === "string" ? part.text : `[${object(part) ? String(part.type ?? "part") : "part"}]`))
    .join("\n");
}

/** The text of one message. */
export function textOf(message: unknown): string {
  return object(message) ? contentText(message.content) : "";
}

export function messagesOf(request: string): { role: string; text: string }[] {
  const body = parse(request);
  if (!object(body) || !Array.isArray(body.messages)) return [];
  return body.messages.filter(object).map((message) => ({ role: String(message.role ?? "?"), text: textOf(message) }));
}

function choiceText(body: unknown, field: "message" | "delta"): string {
  if (!object(body) || !Array.isArray(body.choices)) return "";
  const choice: unknown = body.choices[0];
  const said = object(choice) ? choice[field] : undefined;
  if (!object(said)) return "";
  const calls = Array.isArray(said.tool_calls) && said.tool_calls.length > 0 ? JSON.stringify(said.tool_calls) : "";
  return contentText(said.content) + calls;
}

/** The answer's text, of a whole body or of a recorded stream; `null` when there is none. */
export function answerOf(response: string): string | null {
  const whole = parse(response);
  if (whole !== undefined) return choiceText(whole, "message") || null;
  const parts = response.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  const text = parts.map((line) => choiceText(parse(line.slice(5)), "delta")).join("");
  return text || null;
}

export function pretty(text: string): string {
  const body = parse(text);
  return body === undefined ? text : JSON.stringify(body, null, 2);
}
