import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { served } from "../../api/client";
import { MissingChunk } from "../../lib/chunk";
import { Failed } from "../../ui/Loaded";

/** An address that no page has. */
export function NotFound() {
  return (
    <div className="empty">
      <h1>No such page</h1>
      <p>The address may be from another version of weir.</p>
      <Link to="/" className="btn">
        Go to the overview
      </Link>
    </div>
  );
}

/** A page that failed to draw, or whose code did not come. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  if (error instanceof MissingChunk) return <Missing error={error} />;
  return <Failed error={error instanceof Error ? error : new Error(String(error))} retry={reset} />;
}

const ASK_MS = 2_000;
/** When the code last did not come although weir answered: loading at once again would go round in circles. */
const LOADED = "weir.loaded";
const APART_MS = 10_000;

function Missing({ error }: { error: MissingChunk }) {
  useEffect(() => {
    const timer = setInterval(() => {
      if (Date.now() - Number(sessionStorage.getItem(LOADED)) < APART_MS) return;
      void served().then((ok) => {
        if (!ok) return;
        sessionStorage.setItem(LOADED, String(Date.now()));
        location.reload();
      });
    }, ASK_MS);
    return () => clearInterval(timer);
  }, []);
  return <Failed error={error} retry={() => location.reload()} />;
}
