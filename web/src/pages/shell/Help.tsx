import { Dialog } from "../../ui/Dialog";
import { PAGES } from "./pages";

const KEYS: [string, string][] = [
  ["⌘K or Ctrl K", "Jump to a page, workload, canary, dataset or span"],
  ["j, k", "Next and previous row"],
  ["Enter, Space", "Open the row, look at it without leaving"],
  ["x", "Select the row; selected rows are exported on their own"],
  ["/", "Filter"],
  ["t", "Next time range"],
  ["e", "Export the table as CSV"],
  ["y", "Copy a link to what is shown"],
  ["l", "Follow what happens, or pause"],
  ["n", "New: a canary, a run, an item"],
  ["p, r, a, ⇧P", "On a canary: pause or resume, roll back or reject, approve, promote"],
  ["1 to 9, s, u", "On labels: the grade, skip, undo"],
  ["[", "Show or hide the navigation"],
  ["?", "These keys"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <dl className="facts">
        <dt>
          <kbd>g</kbd> and a letter
        </dt>
        <dd>
          {PAGES.map(({ to, label, key, because }) => (
            <span key={to} className="nowrap" style={{ display: "inline-block", marginRight: 12 }}>
              <kbd>{key}</kbd> {label}
              {because ? <span className="muted"> ({because})</span> : null}
            </span>
          ))}
        </dd>
        {KEYS.map(([keys, what]) => (
          <div key={keys} style={{ display: "contents" }}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button className="btn">Close</button>
      </form>
    </Dialog>
  );
}
