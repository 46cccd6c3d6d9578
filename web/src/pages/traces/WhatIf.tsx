import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Trace } from "../../api/types";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { whatIfQuery } from "./queries";

/** The decision made again: as it was, without some deployments, or with another floor. */
export function WhatIf({ trace }: { trace: Trace }) {
  const [without, setWithout] = useState<string[]>([]);
  const [floor, setFloor] = useState("");
  const asked = { without: without.join(",") || undefined, floor: floor === "" ? undefined : Number(floor) };
  const query = useQuery({ ...whatIfQuery(trace.span_id, asked), enabled: trace.decision !== null });
  if (!trace.decision || trace.decision.strategy === "pinned") return null;
  const changed = without.length > 0 || floor !== "";
  return (
    <Card title="What if" question="The same decision made again from its record: nothing is sent, nothing changes.">
      <div className="row" style={{ marginBottom: 8 }}>
        <fieldset className="row" style={{ border: 0, padding: 0, margin: 0 }}>
          <legend className="hidden">Deployments that are there</legend>
          {trace.decision.candidates.map(({ deployment }) => (
            <label key={deployment} className="row" style={{ gap: 4 }}>
              <input
                type="checkbox"
                checked={!without.includes(deployment)}
                onChange={(event) =>
                  setWithout(event.target.checked ? without.filter((id) => id !== deployment) : [...without, deployment])
                }
              />
              <code>{deployment}</code>
            </label>
          ))}
        </fieldset>
        <label className="row small muted">
          Floor
          <input
            type="number"
            min={0}
            max={1}
            step={0.01}
            value={floor}
            placeholder="as it was"
            onChange={(event) => setFloor(event.target.value)}
            style={{ width: 96 }}
          />
        </label>
      </div>
      <Loaded query={query} height={60}>
        {(again) => (
          <div aria-live="polite" data-what-if>
            <p>
              {again.decision.chain[0] ? (
                <>
                  {changed ? "It would go to " : "It goes to "}
                  <strong className="mono">{again.decision.chain[0]}</strong>
                  {again.decision.chain.length > 1 ? `, then ${again.decision.chain.slice(1).join(", ")}` : ""}.
                </>
              ) : (
                "Nobody could serve it."
              )}{" "}
              {changed ? null : again.same ? (
                <span className="ok">✓ as recorded</span>
              ) : (
                <span className="warn">! not as recorded: the policy or the deployments have changed since</span>
              )}
            </p>
            {(changed || !again.same ? again.sentences : []).map((sentence) => (
              <p key={sentence} className="muted">
                {sentence}
              </p>
            ))}
          </div>
        )}
      </Loaded>
    </Card>
  );
}
