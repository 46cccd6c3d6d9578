import { Link } from "@tanstack/react-router";
import type { Attention as Item } from "../../api/types";
import { gist, sentence } from "../../lib/format";
import { parseSearch } from "../../lib/url";

/** Pages that exist; others are named by the server for later. */
const PAGES = /^\/(workloads|canaries|policies|deployments|traces|cost|datasets|scorers|labels|runs|system|playground)([/?]|$)/;

/** The route and what it is asked for: `/deployments?open=a` opens that one. */
export function target(href: string): { to: "/"; search: Record<string, unknown> } | null {
  if (!PAGES.test(href)) return null;
  const [to = "/", search = ""] = href.split("?");
  return { to: to as "/", search: parseSearch(search) };
}

/** What needs a person now; the figures that prove it stand where it leads to. Nothing is shown when nothing does. */
export function Attention({ items }: { items: Item[] }) {
  return (
    <div aria-live="polite">
      {items.map((item) => {
        const there = target(item.href);
        return (
          <div className="banner bad" key={`${item.kind}/${item.workload ?? ""}/${item.text}`}>
            <span className="bad" aria-hidden="true">
              !
            </span>
            <p>
              {item.workload && !item.text.includes(item.workload) ? <strong>{item.workload}: </strong> : null}
              {sentence(gist(item.text))}
            </p>
            {there ? <Link {...there}>Look</Link> : null}
          </div>
        );
      })}
    </div>
  );
}
