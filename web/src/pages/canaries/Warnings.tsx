import { sentence } from "../../lib/format";

/** What somebody accepted when the canary started: said for as long as its figures are read. */
export function Warnings({ warnings }: { warnings: string[] }) {
  if (warnings.length === 0) return null;
  return (
    <div className="banner warn" data-warnings>
      <span className="warn" aria-hidden="true">
        !
      </span>
      <p>
        <strong>Accepted at its start.</strong> {warnings.map((warning) => `${sentence(warning)}.`).join(" ")} What a judge adds to its own
        family no number of pairs takes away; labels of people do.
      </p>
    </div>
  );
}
