import { Link } from "@tanstack/react-router";
import type { Author } from "../../api/types";

/** Who made a revision. */
export function By({ author }: { author: Author }) {
  if (author.kind === "config") return <>the configuration</>;
  if (author.kind === "operator") return <>{author.name}</>;
  return (
    <Link to="/canaries/$id" params={{ id: author.id }} className="nowrap">
      a promoted canary
    </Link>
  );
}
