// The configuration of one deployment. Providers that weir knows by name need only a model and a key.

export interface Provider {
  name: string;
  /** A model it has, as a first suggestion. */
  model: string;
  /** Environment variable that usually holds its key; `null` where none is needed. */
  key: string | null;
  /** Needed where weir does not know the address by the provider's name. */
  base_url?: string;
}
export const PROVIDERS: Provider[] = [
  { name: "openai", model: "gpt-4.1-mini", key: "OPENAI_API_KEY" },
  { name: "anthropic", model: "claude-haiku-4-5", key: "ANTHROPIC_API_KEY" },
  { name: "gemini", model: "gemini-2.5-flash", key: "GEMINI_API_KEY" },
  { name: "mistral", model: "mistral-small-latest", key: "MISTRAL_API_KEY" },
  { name: "groq", model: "llama-3.3-70b-versatile", key: "GROQ_API_KEY" },
  { name: "openrouter", model: "meta-llama/llama-3.3-70b-instruct", key: "OPENROUTER_API_KEY" },
  { name: "ollama", model: "llama3.2", key: null },
  { name: "custom", model: "my-model", key: "MY_API_KEY", base_url: "https://models.example.com/v1" },
];

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
