// Server-sent events over fetch: unlike EventSource it can send a key and says why a connection failed.

export interface Message {
  event: string;
  data: string;
  id: string | null;
}

/** Splits a byte stream into messages; keeps what is incomplete until the rest comes. */
export class SseParser {
  private rest = "";
  private event = "message";
  private data: string[] = [];
  private id: string | null = null;

  push(chunk: string): Message[] {
    const out: Message[] = [];
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = this.line(line);
      if (message) out.push(message);
    }
    return out;
  }

  private line(line: string): Message | null {
    if (line === "") {
      const data = this.data.join("\n");
      const message = this.data.length > 0 ? { event: this.event, data, id: this.id } : null;
      this.event = "message";
      this.data = [];
      return message;
    }
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id") this.id = value;
    return null;
  }
}
