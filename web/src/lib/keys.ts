// Keyboard: single keys, and `g` followed by a letter. Nothing fires while a person types or a dialog is open.
import { useEffect, useEffectEvent } from "react";

export type Bindings = Record<string, () => void>;
const SEQUENCE_MS = 1200;

/** The name of a pressed key as bindings spell it: `j`, `?`, `mod+k`. */
export function keyName(event: Pick<KeyboardEvent, "key" | "metaKey" | "ctrlKey" | "altKey">): string {
  if (event.altKey) return "";
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  return mod + (event.key.length === 1 && mod ? event.key.toLowerCase() : event.key);
}

/** Feeds key names one by one and says which binding they complete. Several listen to the same keys: while one waits for
 * the second key of a pair, that key is no single key to the others. */
export class Sequencer {
  private static waiting: { by: Sequencer; at: number } | null = null;
  private held: { key: string; at: number } | null = null;

  press(key: string, now: number, bindings: Bindings): string | null {
    const waiting = Sequencer.waiting;
    if (waiting && waiting.by !== this && now - waiting.at <= SEQUENCE_MS) return null;
    Sequencer.waiting = null;
    const held = this.held;
    this.held = null;
    if (held && now - held.at <= SEQUENCE_MS) {
      const pair = `${held.key} ${key}`;
      if (pair in bindings) return pair;
    }
    if (Object.keys(bindings).some((binding) => binding.startsWith(`${key} `))) {
      this.held = { key, at: now };
      Sequencer.waiting = { by: this, at: now };
      return null;
    }
    return key in bindings ? key : null;
  }
}

/** What a closing dialog held keeps the focus until the browser draws again, unless something had it before. Keys of that
 * moment are meant for the page. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || target.closest("dialog:not([open])")) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

export function useKeys(bindings: Bindings): void {
  const current = useEffectEvent(() => bindings);
  useEffect(() => {
    const sequencer = new Sequencer();
    const onKey = (event: KeyboardEvent) => {
      const name = keyName(event);
      const busy = typing(event.target) || document.querySelector("dialog[open]") !== null;
      if (!name || event.defaultPrevented || (busy && !name.startsWith("mod+"))) return;
      const bindings = current();
      const hit = sequencer.press(name, event.timeStamp, bindings);
      if (hit === null) return;
      event.preventDefault();
      bindings[hit]?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** Moves focus between the rows of the page's list: elements marked `data-row`. */
export function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
