import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import { Copy } from "../../ui/Copy";
import { Failed } from "../../ui/Loaded";

const SHARES = [0.01, 0.05, 0.1, 0.25, 1];
const FIRST = `[scorers.helpful]
kind = "judge"
model = "openai/gpt-4.1-mini"
template = "closed_qa"
criteria = "The answer helps and is right."`;

/** Asks people about a share of a judge's grades. */
export function PlanForm({ judges, ready }: { judges: string[]; ready: boolean }) {
  const client = useQueryClient();
  const [judge, setJudge] = useState("");
  const [share, setShare] = useState(0.05);
  const name = judge || (judges[0] ?? "");
  const plan = useMutation({
    mutationFn: () => post("/scorers/{name}/labels", { share }, { id: name }),
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["labels"] }), client.invalidateQueries({ queryKey: ["label-next"] })]),
  });
  if (ready && judges.length === 0)
    return (
      <div className="empty">
        <p>No judge is configured. Checks need no labels; what a model says does. Name one in weir.toml, and list it in a workload:</p>
        <Copy label="A judge to copy" text={FIRST} />
      </div>
    );
  return (
    <form
      className="row filters"
      onSubmit={(event) => {
        event.preventDefault();
        plan.mutate();
      }}
    >
      <label className="field">
        <span>Judge</span>
        <select value={name} onChange={(event) => setJudge(event.target.value)}>
          {judges.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Share of its grades</span>
        <select value={share} onChange={(event) => setShare(Number(event.target.value))}>
          {SHARES.map((each) => (
            <option key={each} value={each}>
              {each * 100} %
            </option>
          ))}
        </select>
      </label>
      <button className="btn primary" disabled={!name || plan.isPending}>
        Ask people
      </button>
      {plan.error ? <Failed error={plan.error} /> : null}
    </form>
  );
}
