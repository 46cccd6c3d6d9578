import type { Workload } from "../../api/types";
import css from "./PolicyTree.module.css";
import { branches, stageSays } from "./stages";

/** The policy as what it is: candidates go in, each stage drops or orders them, the first that is left serves. */
export function PolicyTree({ workload }: { workload: Workload }) {
  const { policy, candidates } = workload;
  return (
    <ol className={css.tree} aria-label="Policy as a tree">
      <li>
        <strong>{candidates.length} candidates</strong> <span className="muted">{candidates.map((row) => row.deployment).join(", ")}</span>
      </li>
      {policy.stages.map((stage, i) => (
        <li key={`${i}/${stage.stage}`}>
          {stage.when ? (
            <div className={css.when}>
              when <code>{stage.when}</code>
            </div>
          ) : null}
          <code>{stage.stage}</code> <span className="muted">{stageSays(stage)}</span>
          {branches(stage).map(([name, value]) => (
            <Branch key={name} name={name} value={value} />
          ))}
        </li>
      ))}
      <li>
        <strong>the first that is left serves;</strong> <span className="muted">the next ones are asked in turn when it fails</span>
      </li>
    </ol>
  );
}

function Branch({ name, value }: { name: string; value: unknown }) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return (
      <div className={css.leaf}>
        {name} <code>{Array.isArray(value) ? value.map(String).join(", ") : String(value)}</code>
      </div>
    );
  }
  return (
    <div className={css.leaf}>
      {name}
      {Object.entries(value)
        .filter(([, inner]) => inner !== null)
        .map(([key, inner]) => (
          <Branch key={key} name={key} value={inner} />
        ))}
    </div>
  );
}
