import { useQuery } from "@tanstack/react-query";
import { deploymentsQuery, workloadsQuery } from "../shell/queries";
import type { Pick } from "./fromTraces";
import css from "./PickFields.module.css";

const STRATA = ["deployment", "workload", "status", "segment", "strategy", "arm", "session", "tenant"];
const RANGES: [string, string][] = [
  ["1", "Last hour"],
  ["24", "Last day"],
  ["168", "Last week"],
  ["", "All that is kept"],
];

/** What is picked, and how it is drawn. */
export function PickFields({ pick, onChange }: { pick: Pick; onChange: (more: Partial<Pick>) => void }) {
  const workloads = useQuery(workloadsQuery).data?.items.map(({ id }) => id) ?? [];
  const deployments = useQuery(deploymentsQuery).data?.items.map(({ id }) => id) ?? [];
  return (
    <>
      <div className={css.fields}>
        <Select label="Workload" value={pick.workload} all="All" options={workloads} onValue={(workload) => onChange({ workload })} />
        <Select
          label="Answered by"
          value={pick.deployment}
          all="Anyone"
          options={deployments}
          onValue={(deployment) => onChange({ deployment })}
        />
        <Select
          label="Outcome"
          value={pick.status}
          all="Any"
          options={["ok", "failed", "cancelled"]}
          onValue={(status) => onChange({ status })}
        />
        <label className="field">
          <span>Since</span>
          <select value={pick.hours} onChange={(event) => onChange({ hours: event.target.value })}>
            {RANGES.map(([hours, title]) => (
              <option key={title} value={hours}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <Text label="Scorer" value={pick.scorer} onValue={(scorer) => onChange({ scorer })} placeholder="any" />
        <Text
          label="graded below"
          value={pick.below}
          onValue={(below) => onChange({ below })}
          disabled={!pick.scorer}
          inputMode="decimal"
        />
        <Text
          label="At most so many"
          value={pick.sample}
          onValue={(sample) => onChange({ sample })}
          placeholder="all that fit"
          inputMode="numeric"
          pattern="[1-9][0-9]*"
        />
        <Select
          label="Drawn alike from every"
          value={pick.stratify}
          all="nothing: at random"
          options={STRATA}
          onValue={(stratify) => onChange({ stratify })}
        />
        <Select
          label="Split"
          value={pick.split}
          all="by content"
          options={["train", "dev", "test", "heldout"]}
          onValue={(split) => onChange({ split })}
        />
        <Text
          label="And (as in weir trace list)"
          value={pick.more}
          onValue={(more) => onChange({ more })}
          placeholder="latency_ms>2000 and arm=candidate"
        />
      </div>
      <div className="row">
        <label className="row">
          <input type="checkbox" checked={pick.expected} onChange={(event) => onChange({ expected: event.target.checked })} />
          The answer given counts as the right one
        </label>
        <label className="row">
          <input type="checkbox" checked={pick.redact} onChange={(event) => onChange({ redact: event.target.checked })} />
          Replace personal data and credentials
        </label>
      </div>
    </>
  );
}

interface SelectProps {
  label: string;
  value: string;
  all: string;
  options: string[];
  onValue: (value: string) => void;
}
function Select({ label, value, all, options, onValue }: SelectProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onValue(event.target.value)}>
        <option value="">{all}</option>
        {options.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

type TextProps = { label: string; onValue: (value: string) => void } & Omit<React.ComponentProps<"input">, "onChange">;
function Text({ label, onValue, ...rest }: TextProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input autoComplete="off" onChange={(event) => onValue(event.target.value)} {...rest} />
    </label>
  );
}
