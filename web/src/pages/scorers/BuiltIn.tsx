import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { deploymentsQuery, workloadsQuery } from "../shell/queries";
import { builtIns, toml } from "./builtin";
import { templatesQuery } from "./queries";

/** Scorers that come with weir: one click shows what to paste. */
export function BuiltIn() {
  const [chosen, setChosen] = useState<string | null>(null);
  const templates = useQuery(templatesQuery).data?.items ?? [];
  const model = useQuery(deploymentsQuery).data?.items[0]?.id ?? "sim/large";
  const workload = useQuery(workloadsQuery).data?.items[0]?.id ?? "default";
  const all = builtIns(templates, model);
  const shown = all.find(({ kind }) => kind === chosen);
  return (
    <div className="grid" style={{ marginTop: 12 }}>
      <Card title="Built in" question="Which graders are there to begin with? Choose one and paste it into weir.toml.">
        <div className="stack">
          <div className="row" role="group" aria-label="Built-in scorers">
            {all.map(({ kind, says }) => (
              <button
                key={kind}
                type="button"
                className="btn"
                title={says}
                aria-pressed={kind === chosen}
                onClick={() => setChosen(kind === chosen ? null : kind)}
              >
                {kind}
              </button>
            ))}
          </div>
          {shown ? (
            <>
              <p className="muted">{shown.says}.</p>
              <Copy label="Configuration to copy" text={toml(shown, workload)} />
            </>
          ) : null}
        </div>
      </Card>
    </div>
  );
}
