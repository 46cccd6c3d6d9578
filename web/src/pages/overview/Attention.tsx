import { Link } from "@tanstack/react-router";
import type { Attention as Item } from "../../api/types";
import { gist, sentence } from "../../lib/format";

/** Pages that exist; others are named by the server for later. */
const PAGES = /^\/(workloads|canaries|policies|deployments|traces|cost|datasets|scorers|labels|runs|system|playground)(\/|$)/;

/** What needs a person now; the figures that prove it stand where it leads to. Nothing is shown when nothing does. */
export function Attention({ items }: { items: Item[] }) {
  return (
    <div aria-live="polite">
      {items.map((item) => (
        <div className="banner bad" key={`${item.kind}/${item.workload ?? ""}/${item.text}`}>
          <span className="bad" aria-hidden="true">
            !
          </span>
          <p>
            {item.workload && !item.text.includes(item.workload) ? <strong>{item.workload}: </strong> : null}
            {sentence(gist(item.text))}
          </p>
          {PAGES.test(item.href) ? <Link to={item.href as "/"}>Look</Link> : null}
        </div>
      ))}
    </div>
  );
}
