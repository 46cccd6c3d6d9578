import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import { plural } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Failed } from "../../ui/Loaded";
import { FIRST, filterOf, orderOf, type Pick } from "./fromTraces";
import { NameField } from "./NameField";
import { PickFields } from "./PickFields";
import { Strata } from "./Strata";

/** Items out of recorded requests: filtered, drawn from every stratum alike, each with the probability it had. */
export function FromTraces({ into, start, onClose }: { into: string | undefined; start: Partial<Pick>; onClose: () => void }) {
  const [name, setName] = useState(into ?? "");
  const [pick, setPick] = useState<Pick>({ ...FIRST, ...start });
  const client = useQueryClient();
  const navigate = useNavigate();
  const order = orderOf(pick);
  const target = name.trim();
  const preview = useMutation({
    mutationFn: () => post("/datasets/{name}/add", { ...order, preview: true }, { id: target }),
  });
  const put = useMutation({
    mutationFn: () => post("/datasets/{name}/add", order, { id: target }),
    onSuccess: async () => {
      await client.invalidateQueries();
      void navigate({ to: "/datasets/$name", params: { name: target } });
    },
  });
  const change = (more: Partial<Pick>) => {
    setPick({ ...pick, ...more });
    preview.reset();
    put.reset();
  };
  const seen = preview.data;
  return (
    <Card
      title="From traces"
      question="Which requests shall become items? Each keeps the probability with which it was drawn, so a mean over them is a mean over traffic."
      tools={
        <button type="button" className="btn quiet" onClick={onClose}>
          Close
        </button>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (target) preview.mutate();
        }}
      >
        <NameField
          name={name}
          onName={(next) => {
            setName(next);
            preview.reset();
          }}
        />
        <PickFields pick={pick} onChange={change} />
        <p className="muted small">
          Filter: <code>{filterOf(pick) || "every request"}</code>
        </p>
        <div className="row">
          <button className="btn" disabled={!target || preview.isPending}>
            Preview
          </button>
          <button type="button" className="btn primary" disabled={!seen || seen.put === 0 || put.isPending} onClick={() => put.mutate()}>
            {seen && seen.put > 0 ? `Put ${plural(seen.put, "item")} into the draft` : "Put into the draft"}
          </button>
        </div>
        {preview.error ? <Failed error={preview.error} /> : null}
        {put.error ? <Failed error={put.error} /> : null}
        {seen ? <Strata seen={seen} /> : null}
      </form>
    </Card>
  );
}
