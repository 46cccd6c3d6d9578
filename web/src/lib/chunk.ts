// The code of a page, which is fetched when it is first opened: weir may be away then, or be another version by now.

/** The code did not come. Once weir answers, loading the page anew brings it: all that is chosen is in the URL. */
export class MissingChunk extends Error {
  readonly status = 0;
  readonly hint = "Is the process still running? This page opens by itself once weir answers";

  constructor() {
    super("weir cannot be reached");
  }
}

/** Loads what `load` does; a failure is one that a page can say, not a browser's error page. */
export function chunk<T>(load: () => Promise<T>): () => Promise<T> {
  return () =>
    load().catch(() => {
      throw new MissingChunk();
    });
}
