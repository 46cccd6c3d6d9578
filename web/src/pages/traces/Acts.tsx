import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Trace } from "../../api/types";
import { copy } from "../../lib/copy";
import { SaveItem } from "../playground/SaveItem";
import { answerOf, messagesOf } from "./text";

/** The request as a shell command; single quotes in it are kept by closing and opening them. */
export function curlOf(origin: string, trace: Pick<Trace, "workload" | "model_asked" | "request">): string {
  let body = trace.request;
  try {
    body = JSON.stringify({ ...(JSON.parse(trace.request) as object), model: trace.model_asked });
  } catch {
    // Cut or not JSON: copied as it was.
  }
  return [
    `curl ${origin}/v1/chat/completions \\`,
    `  -H 'content-type: application/json' \\`,
    `  -H 'x-weir-workload: ${trace.workload}' \\`,
    `  -d '${body.replaceAll("'", `'\\''`)}'`,
  ].join("\n");
}

/** What can be done with a request: keep it as an item, ask it again elsewhere, copy it. */
export function Acts({ trace }: { trace: Trace }) {
  const [saving, setSaving] = useState(false);
  const [copied, setCopied] = useState(false);
  const messages = messagesOf(trace.request);
  const prompt = messages.findLast((message) => message.role === "user")?.text ?? "";
  const system = messages.find((message) => message.role === "system")?.text;
  if (trace.request === "") return null;
  return (
    <>
      <button type="button" className="btn" onClick={() => setSaving(true)}>
        Add to dataset…
      </button>
      <Link to="/playground" search={{ workload: trace.workload, prompt, ...(system ? { system } : {}) }} className="btn">
        Open in playground
      </Link>
      <button type="button" className="btn" onClick={() => void copy(curlOf(location.origin, trace)).then(setCopied)}>
        {copied ? "Copied" : "Copy curl"}
      </button>
      {saving ? (
        <SaveItem input={prompt} expected={answerOf(trace.response) ?? ""} workload={trace.workload} onClose={() => setSaving(false)} />
      ) : null}
    </>
  );
}
