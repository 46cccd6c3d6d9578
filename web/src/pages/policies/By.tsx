import { Link } from "@tanstack/react-router";
import type { Author } from "../../api/types";

/** Who made a revision: the file, a person, or a canary with whoever had proposed it. */
export function By({ author, proposer = null }: { author: Author; proposer?: string | null }) {
  if (author.kind === "config") return <>the configuration</>;
  if (author.kind === "operator") return <>{author.name}</>;
  return (
    <Link to="/canaries/$id" params={{ id: author.id }} className="nowrap">
      {proposer === null ? "a promoted canary" : `${proposer}, by a canary`}
    </Link>
  );
}
