import { type ErrorComponentProps, Link } from "@tanstack/react-router";
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

/** A page that failed to draw. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  return <Failed error={error instanceof Error ? error : new Error(String(error))} retry={reset} />;
}
