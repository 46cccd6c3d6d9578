// The configuration of one deployment. Providers that weir knows by name need only a model and a key.
import type { ProviderOffer } from "../../api/types";

export interface Provider {
  name: string;
  /** A model it has, as a first suggestion. */
  model: string;
  /** Environment variable that usually holds its key; `null` where none is needed. */
  key: string | null;
  /** That variable is set where weir runs. */
  found: boolean;
  /** Needed where weir does not know the address by the provider's name. */
  base_url?: string;
}

/** A first suggestion; of the others people know the names better. */
const MODELS: Record<string, string> = {
  openai: "gpt-4.1-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  mistral: "mistral-small-latest",
  groq: "llama-3.3-70b-versatile",
  openrouter: "meta-llama/llama-3.3-70b-instruct",
  ollama: "llama3.2",
};
/** Whoever speaks a known dialect at an address of its own. */
const CUSTOM: Provider = {
  name: "custom",
  model: "my-model",
  key: "MY_API_KEY",
  found: false,
  base_url: "https://models.example.com/v1",
};

/** Whom to connect: those first whose key is there, of these the ones without a deployment; a custom one last. */
export function offered(offers: ProviderOffer[]): Provider[] {
  const rank = ({ found, configured }: ProviderOffer) => (found ? (configured ? 1 : 0) : 2);
  const known = offers.map((offer, at) => ({ offer, at })).sort((a, b) => rank(a.offer) - rank(b.offer) || a.at - b.at);
  const of = ({ name, key, local, found }: ProviderOffer): Provider => ({
    ...{ name, found, model: MODELS[name] ?? "" },
    key: local ? null : (key ?? `${name.toUpperCase().replaceAll("-", "_")}_API_KEY`),
  });
  return [...known.map(({ offer }) => of(offer)), CUSTOM];
}

/** Keys that are there and that no deployment uses yet. */
export const unused = (offers: ProviderOffer[]): ProviderOffer[] => offers.filter(({ found, configured }) => found && !configured);

/** Text for TOML: quoted, with what would end the quotes escaped. */
const text = (value: string) => JSON.stringify(value);

export function snippet(provider: Provider, model: string): string {
  return [
    `[deployments.${text(`${provider.name}/${model}`)}]`,
    `provider = ${text(provider.name)}`,
    ...(provider.base_url ? [`base_url = ${text(provider.base_url)}`] : []),
    `model = ${text(model)}`,
    ...(provider.key ? [`api_key = "env:${provider.key}"`] : []),
  ].join("\n");
}
