// The one place that calls fetch. What a path takes and gives is read from the OpenAPI document's types.
import type { paths } from "./schema";

type Base = "/api/v1";
type Served<M extends "get" | "post"> = {
  [
    P in keyof paths as paths[P] extends Record<M, { responses: unknown }> ? (P extends `${Base}${infer Rest}` ? Rest : never) : never
  ]: paths[P] extends Record<M, infer Operation> ? Operation : never;
};
type Gets = Served<"get">;
type Posts = Served<"post">;
type Content<R> = R extends { content: infer C } ? C[keyof C] : never;
type Reply<O> = O extends { responses: infer R } ? Content<R[keyof R & (200 | 201)]> : never;
type Media<O> = O extends { requestBody?: never } ? never : O extends { requestBody?: { content: infer C } } ? C : never;
/** JSON of the documented shape; where a file is taken, the file. */
type Body<O> = [Media<O>] extends [never] ? undefined : Media<O> extends { "application/json": infer J } ? J : Blob;
/** What says by its `ETag` which state an order is about, where a path takes that. */
type Read<O> = O extends { parameters: { header?: infer H } } ? ("If-Match" extends keyof NonNullable<H> ? string : never) : never;
type Query<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<never, never>;

interface Options<Q = Record<string, string | number | boolean | null | undefined>> {
  /** Fills the variables of the path, in order. */
  id?: string | readonly string[];
  query?: Q;
  signal?: AbortSignal;
}

const BASE: Base = "/api/v1";
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

/** Refused because what the order is about has changed since it was read. */
export const isStale = (error: unknown): boolean => error instanceof ApiError && error.status === 412;

/** The key people paste when the server asks for one; it lives as long as the tab. */
export const key = {
  read: (): string | null => sessionStorage.getItem(KEY),
  write: (value: string): void => sessionStorage.setItem(KEY, value),
};

export function headers(): Record<string, string> {
  const secret = key.read();
  return secret ? { authorization: `Bearer ${secret}` } : {};
}

/** The address of a path, with its variables and query filled in. Empty parameters are left out. */
export function address(path: string, { id, query }: Options = {}): string {
  const values = id === undefined ? [] : typeof id === "string" ? [id] : id;
  const filled = values.reduce((text, value) => text.replace(/\{\w+\}/, () => encodeURIComponent(value)), path);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
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

export function get<P extends keyof Gets>(path: P, options: Options<Query<Gets[P]>> = {}): Promise<Reply<Gets[P]>> {
  return call(address(path, options as Options), { signal: options.signal ?? null }) as Promise<Reply<Gets[P]>>;
}

/** Whether weir serves this page now; asked where its code did not come. */
export function served(): Promise<boolean> {
  return fetch(location.href, { method: "HEAD", cache: "no-store", headers: { accept: "text/html" } }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A reply that is a file. */
export async function file<P extends keyof Gets>(path: P, options: Options<Query<Gets[P]>> = {}): Promise<Blob> {
  const response = await fetch(address(path, options as Options), { headers: headers(), signal: options.signal ?? null });
  if (!response.ok) throw problem(response.status, await response.text());
  return response.blob();
}

export function post<P extends keyof Posts>(
  path: P,
  body: Body<Posts[P]>,
  options: Options<Query<Posts[P]>> & { read?: Read<Posts[P]> | undefined } = {},
): Promise<Reply<Posts[P]>> {
  const raw = (body as unknown) instanceof Blob;
  const head: Record<string, string> = options.read === undefined ? {} : { "if-match": `"${options.read}"` };
  const init: RequestInit = { method: "POST", signal: options.signal ?? null, headers: head };
  if (body !== undefined) {
    init.body = raw ? (body as Blob) : JSON.stringify(body);
    head["content-type"] = raw ? "text/plain; charset=utf-8" : "application/json";
  }
  return call(address(path, options as Options), init) as Promise<Reply<Posts[P]>>;
}
