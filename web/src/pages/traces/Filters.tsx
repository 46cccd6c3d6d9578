import { useQuery } from "@tanstack/react-query";
import { deploymentsQuery, workloadsQuery } from "../shell/queries";
import type { Filter } from "./filter";

interface Props {
  filter: Filter;
  set: (change: Record<string, string | undefined>) => void;
}

/** One choice per facet; each is a parameter of the URL. */
export function Filters({ filter, set }: Props) {
  const workloads = useQuery(workloadsQuery).data?.items.map((row) => row.id) ?? [];
  const deployments = useQuery(deploymentsQuery).data?.items.map((row) => row.id) ?? [];
  const choice = (name: keyof Filter, label: string, options: string[], first = false) => {
    const chosen = filter[name] ?? "";
    const all = chosen && !options.includes(chosen) ? [chosen, ...options] : options;
    return (
      <label className="field">
        <span>{label}</span>
        <select
          value={chosen}
          {...(first ? { "data-filter": true } : {})}
          onChange={(event) => set({ [name]: event.target.value || undefined })}
        >
          <option value="">any</option>
          {all.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      </label>
    );
  };
  return (
    <div className="row filters">
      {choice("workload", "Workload", workloads, true)}
      {choice("deployment", "Deployment", deployments)}
      {choice("status", "Status", ["ok", "failed", "cancelled"])}
      {choice("origin", "Origin", ["client", "eval", "probe", "shadow"])}
      {filter.canary ? (
        <button
          type="button"
          className="btn"
          onClick={() => set({ canary: undefined })}
          aria-label={`Only canary ${filter.canary}. Remove`}
        >
          Only one canary <span aria-hidden="true">✕</span>
        </button>
      ) : null}
    </div>
  );
}
