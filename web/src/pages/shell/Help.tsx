import { Dialog } from "../../ui/Dialog";

const KEYS: [string, string][] = [
  ["⌘K or Ctrl K", "Jump to a page, workload, canary, dataset or span"],
  ["g o, g w, g c", "Overview, workloads, canaries"],
  ["g r, g p, g t", "Policies (revisions), deployments (providers), traces"],
  ["g m, g d, g y", "Cost (money), datasets, playground (try)"],
  ["j, k", "Next and previous row"],
  ["Enter, Space", "Open the row, look at it without leaving"],
  ["x", "Select the row; selected rows are exported on their own"],
  ["/", "Filter"],
  ["t", "Next time range"],
  ["e", "Export the table as CSV"],
  ["y", "Copy a link to what is shown"],
  ["l", "Follow what happens, or pause"],
  ["p", "Pause or resume the canary"],
  ["[", "Show or hide the navigation"],
  ["?", "These keys"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts">
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
