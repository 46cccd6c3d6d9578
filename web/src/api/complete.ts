// One streamed chat completion through the gateway, as any client would send it.
import { headers, problem } from "./client";
import { SseParser } from "./sse";

export interface Said {
  role: "system" | "user";
  content: string;
}
export interface Piece {
  /** Known with the reply's headers. */
  span: string | null;
  deployment: string | null;
  text: string;
}

interface Chunk {
  choices?: { delta?: { content?: string | null } }[];
  error?: { message?: string };
}

/** The answer as it comes. Fails in the gateway's words. */
export async function* complete(model: string, messages: Said[], workload: string | undefined, signal: AbortSignal): AsyncGenerator<Piece> {
  const named: Record<string, string> = workload ? { "x-weir-workload": workload } : {};
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", ...headers(), ...named },
    body: JSON.stringify({ model, messages, stream: true, stream_options: { include_usage: true } }),
  });
  const span = response.headers.get("x-weir-span-id");
  const deployment = response.headers.get("x-weir-deployment");
  if (!response.ok || !response.body) throw problem(response.status, flat(await response.text()));
  yield { span, deployment, text: "" };
  const parser = new SseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const { data } of parser.push(value)) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) throw new Error(chunk.error.message ?? "the stream was cut");
      const text = chunk.choices?.[0]?.delta?.content;
      if (text) yield { span, deployment, text };
    }
  }
}

/** The data plane wraps errors as OpenAI does; the reader of problems wants them bare. */
function flat(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: unknown };
    return JSON.stringify(body.error ?? body);
  } catch {
    return text;
  }
}
