// Live topics: one connection per topic shared by the whole page, resumed from the last id, and polling when
// the stream cannot be held open.
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { address, headers } from "./client";
import { type Message, SseParser } from "./sse";
import type { LiveTopic } from "./types";

/** `live`: pushed; `waiting`: reconnecting; `polling`: the stream failed, pages ask again every few seconds; `off`: nobody listens. */
export type LiveStatus = "live" | "waiting" | "polling" | "off";

const RETRY_MS = [500, 1000, 2000, 5000];
const POLLING_AFTER = 3;

class Topic {
  status: LiveStatus = "off";
  private listeners = new Set<(message: Message) => void>();
  private watchers = new Set<() => void>();
  private lastId: string | null = null;
  private failures = 0;
  private stop: AbortController | null = null;

  constructor(private readonly path: string) {}

  listen(listener: (message: Message) => void): () => void {
    this.listeners.add(listener);
    if (!this.stop) this.open();
    return () => {
      this.listeners.delete(listener);
      // Left open for a moment so that moving between two pages that listen does not reconnect.
      setTimeout(() => this.listeners.size === 0 && this.close(), 250);
    };
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private set(status: LiveStatus) {
    if (this.status === status) return;
    this.status = status;
    for (const watcher of this.watchers) watcher();
  }

  private close() {
    this.stop?.abort();
    this.stop = null;
    this.set("off");
  }

  private open() {
    const stop = new AbortController();
    this.stop = stop;
    this.set("waiting");
    void this.run(stop);
  }

  private async run(stop: AbortController) {
    while (!stop.signal.aborted) {
      try {
        await this.read(stop.signal);
      } catch {
        this.failures += 1;
      }
      if (stop.signal.aborted) return;
      this.set(this.failures >= POLLING_AFTER ? "polling" : "waiting");
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  private async read(signal: AbortSignal) {
    const resume: Record<string, string> = this.lastId ? { "last-event-id": this.lastId } : {};
    const response = await fetch(address(this.path), {
      signal,
      headers: { accept: "text/event-stream", ...headers(), ...resume },
    });
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok || !response.body || !type.startsWith("text/event-stream")) {
      throw new Error(`no stream: ${response.status}`);
    }
    this.failures = 0;
    this.set("live");
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const message of parser.push(value)) {
        if (message.id !== null) this.lastId = message.id;
        for (const listener of this.listeners) listener(message);
      }
    }
  }
}

const topics: Record<LiveTopic, Topic> = {
  traces: new Topic("/live/traces"),
  events: new Topic("/live/events"),
  runs: new Topic("/live/runs"),
  canaries: new Topic("/live/canaries"),
};

/** Calls `onMessage` for each message of a topic while `enabled`. Returns the state of the connection. */
export function useLive(topic: LiveTopic, onMessage: (message: Message) => void, enabled = true): LiveStatus {
  const source = topics[topic];
  const handle = useEffectEvent(onMessage);
  useEffect(() => (enabled ? source.listen((message) => handle(message)) : undefined), [source, enabled]);
  return useLiveStatus(topic);
}

/** The state of a topic's connection, without opening one. */
export function useLiveStatus(topic: LiveTopic): LiveStatus {
  const source = topics[topic];
  return useSyncExternalStore(source.watch, () => source.status);
}
