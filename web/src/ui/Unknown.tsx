import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { PageHead } from "./PageHead";

interface Props {
  /** The kind of thing, or that there is none of this name. */
  title: string;
  /** Where it may have gone. */
  sub?: ReactNode;
  to: LinkProps["to"];
  /** What is found there: `All runs`. */
  all: string;
}

/** The head of a page whose thing is not to be had, with the way to all others. What went wrong stands under it. */
export function Unknown({ title, sub, to, all }: Props) {
  return (
    <PageHead title={title} sub={sub}>
      <Link to={to} className="btn">
        {all}
      </Link>
    </PageHead>
  );
}
