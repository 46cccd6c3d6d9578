// The one place that calls fetch. Paths are typed: what a path takes and gives is read from `Gets` and `Posts`.
import type * as T from "./types";

interface Gets {
  "/overview": { reply: T.Overview };
  "/workloads": { reply: T.Page<T.WorkloadRow> };
  "/workloads/{id}": { path: "id"; reply: T.Workload };
  "/workloads/{id}/windows": { path: "id"; reply: T.Windows };
  "/workloads/{id}/series": { path: "id"; reply: T.Series };
  "/workloads/{id}/policies": { path: "id"; reply: T.Page<T.Revision> };
  "/deployments": { reply: T.Page<T.Deployment> };
  "/traces": { reply: T.Page<T.TraceRow> };
  "/traces/{id}": { path: "id"; reply: T.Trace };
  "/decisions/{id}": { path: "id"; reply: T.Explained };
  "/canaries": { reply: T.Page<T.Canary> };
  "/canaries/{id}": { path: "id"; reply: T.CanaryDetail };
  "/datasets": { reply: T.Page<T.DatasetRow> };
  "/datasets/{id}": { path: "id"; reply: T.Dataset };
}
interface Posts {
  "/canaries": { body: T.NewCanary; reply: T.Canary };
  "/canaries/{id}/pause": { body: { reason: string }; reply: T.Canary };
  "/canaries/{id}/resume": { body: { reason: string }; reply: T.Canary };
  "/canaries/{id}/promote": { body: { reason: string }; reply: T.Canary };
  "/canaries/{id}/roll_back": { body: { reason: string }; reply: T.Canary };
  "/datasets/preview": { body: Blob; reply: T.Preview };
  "/datasets/import": { body: Blob; reply: T.Imported };
  "/demo/play": { body: undefined; reply: { started: boolean } };
}
type Query = Record<string, string | number | boolean | undefined>;
interface Options {
  id?: string;
  query?: Query;
  signal?: AbortSignal;
}

const BASE = "/api/v1";
const KEY = "weir.key";

/** What went wrong, in the server's words, with what to do next. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

/** The key people paste when the server asks for one; it lives as long as the tab. */
export const key = {
  read: (): string | null => sessionStorage.getItem(KEY),
  write: (value: string): void => sessionStorage.setItem(KEY, value),
};

export function headers(): Record<string, string> {
  const secret = key.read();
  return secret ? { authorization: `Bearer ${secret}` } : {};
}

/** The address of a path, with its id and query filled in. Empty parameters are left out. */
export function address(path: string, { id, query }: Options = {}): string {
  const filled = id === undefined ? path : path.replace("{id}", encodeURIComponent(id));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const tail = search.toString();
  return `${BASE}${filled}${tail ? `?${tail}` : ""}`;
}

async function call(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { accept: "application/json", ...headers(), ...init.headers } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, null, "weir cannot be reached", "Is the process still running? This page tries again by itself.");
  }
  const text = await response.text();
  if (response.ok) return text === "" ? undefined : JSON.parse(text);
  throw problem(response.status, text);
}

/** Reads the error body of the control plane, or says what the status means when there is none. */
export function problem(status: number, text: string): ApiError {
  try {
    const body = JSON.parse(text) as { code?: string; message?: string; hint?: string | null };
    if (body.message) return new ApiError(status, body.code ?? null, body.message, body.hint ?? null);
  } catch {
    // Not JSON: a proxy in between answered.
  }
  return new ApiError(status, null, `the server answered with status ${status}`, null);
}

export function get<P extends keyof Gets>(path: P, options: Options = {}): Promise<Gets[P]["reply"]> {
  return call(address(path, options), { signal: options.signal ?? null }) as Promise<Gets[P]["reply"]>;
}

export function post<P extends keyof Posts>(path: P, body: Posts[P]["body"], options: Options = {}): Promise<Posts[P]["reply"]> {
  const raw = body instanceof Blob;
  const init: RequestInit = { method: "POST", signal: options.signal ?? null };
  if (body !== undefined) {
    init.body = raw ? body : JSON.stringify(body);
    init.headers = { "content-type": raw ? "text/plain; charset=utf-8" : "application/json" };
  }
  return call(address(path, options), init) as Promise<Posts[P]["reply"]>;
}
