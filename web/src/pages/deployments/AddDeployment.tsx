import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ProviderOffer } from "../../api/types";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Loaded } from "../../ui/Loaded";
import { providersQuery } from "./queries";
import { offered, type Provider, snippet } from "./snippet";

interface Props {
  /** The provider, by its name; without one the first that can be had. */
  chosen: string | undefined;
  onChoose: (provider: string) => void;
}

/** Makes the configuration of a deployment: the key itself stays in the environment. */
export function AddDeployment({ chosen, onChoose }: Props) {
  const query = useQuery(providersQuery);
  return (
    <Card title="Add a deployment" question="Put this into weir.toml; it is read again when it changes. Then test its key here.">
      <Loaded query={query} height={180}>
        {({ items }) => <Form offers={items} chosen={chosen} onChoose={onChoose} />}
      </Loaded>
    </Card>
  );
}

function Form({ offers, chosen, onChoose }: { offers: ProviderOffer[] } & Props) {
  const [model, setModel] = useState("");
  const providers = offered(offers);
  const provider = providers.find(({ name }) => name === chosen) ?? providers[0];
  const option = ({ name }: Provider) => <option key={name}>{name}</option>;
  const found = providers.filter((each) => each.found);
  if (!provider) return null;
  return (
    <div className="stack">
      <div className="row" style={{ alignItems: "end" }}>
        <label className="field">
          <span>Provider</span>
          <select value={provider.name} onChange={(event) => onChoose(event.target.value)}>
            {found.length > 0 ? <optgroup label="Key found in the environment">{found.map(option)}</optgroup> : null}
            <optgroup label={found.length > 0 ? "Others" : "Providers"}>{providers.filter((each) => !each.found).map(option)}</optgroup>
          </select>
        </label>
        <label className="field">
          <span>Model, as the provider names it</span>
          <input value={model} placeholder={provider.model || "its name there"} onChange={(event) => setModel(event.target.value)} />
        </label>
      </div>
      <p className="muted">
        <KeyHint provider={provider} />
      </p>
      <Copy label="Configuration to copy" text={snippet(provider, model.trim() || provider.model || "MODEL")} />
    </div>
  );
}

function KeyHint({ provider: { key, found } }: { provider: Provider }) {
  if (key === null) return <>It runs on machines of your own and needs no key.</>;
  return found ? (
    <>
      <span className="ok">✓</span> <code>{key}</code> is set where weir runs. weir reads it there and never shows it.
    </>
  ) : (
    <>
      <code>{key}</code> is not set where weir runs: set it and start weir again, or write <code>file:PATH</code> instead.
    </>
  );
}
