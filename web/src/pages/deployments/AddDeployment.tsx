import { useState } from "react";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { PROVIDERS, snippet } from "./snippet";

/** Makes the configuration of a deployment: the key itself stays in the environment. */
export function AddDeployment() {
  const [provider, setProvider] = useState(PROVIDERS[0]?.name ?? "");
  const [model, setModel] = useState("");
  const chosen = PROVIDERS.find((each) => each.name === provider);
  return (
    <Card title="Add a deployment" question="Put this into weir.toml; it is read again when it changes. Then test its key here.">
      <div className="stack">
        <div className="row" style={{ alignItems: "end" }}>
          <label className="field">
            <span>Provider</span>
            <select value={provider} onChange={(event) => setProvider(event.target.value)}>
              {PROVIDERS.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Model, as the provider names it</span>
            <input value={model} placeholder={chosen?.model} onChange={(event) => setModel(event.target.value)} />
          </label>
        </div>
        {chosen ? <Copy label="Configuration to copy" text={snippet(chosen, model.trim() || chosen.model)} /> : null}
      </div>
    </Card>
  );
}
