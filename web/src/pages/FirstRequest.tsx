import { useState } from "react";
import { Copy } from "../ui/Copy";
import { Tabs } from "../ui/Tabs";

const QUESTION = "What is 17 + 25?";

/** A request to copy: it answers with no key and no configuration, because demo providers are built in. */
const WAYS = {
  curl: (origin: string, workload: string) =>
    [
      `curl ${origin}/v1/chat/completions \\`,
      `  -H 'content-type: application/json' \\`,
      `  -H 'x-weir-workload: ${workload}' \\`,
      `  -d '{"model":"weir/${workload}","messages":[{"role":"user","content":"${QUESTION}"}]}'`,
    ].join("\n"),
  python: (origin: string, workload: string) =>
    [
      `from openai import OpenAI`,
      ``,
      `client = OpenAI(base_url="${origin}/v1", api_key="any")`,
      `answer = client.chat.completions.create(`,
      `    model="weir/${workload}",`,
      `    messages=[{"role": "user", "content": "${QUESTION}"}],`,
      `)`,
      `print(answer.choices[0].message.content)`,
    ].join("\n"),
  typescript: (origin: string, workload: string) =>
    [
      `import OpenAI from "openai";`,
      ``,
      `const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: "any" });`,
      `const answer = await client.chat.completions.create({`,
      `  model: "weir/${workload}",`,
      `  messages: [{ role: "user", content: "${QUESTION}" }],`,
      `});`,
      `console.log(answer.choices[0].message.content);`,
    ].join("\n"),
};
type Way = keyof typeof WAYS;
const NAMES: Record<Way, string> = { curl: "curl", python: "Python", typescript: "TypeScript" };

/** The first request to a workload, as a command and by the SDKs that people have. */
export function FirstRequest({ workload }: { workload: string }) {
  const [way, setWay] = useState<Way>("curl");
  return (
    <div style={{ width: "100%" }}>
      <Tabs label="Ways to send it" tabs={NAMES} shown={way} onShow={setWay} />
      <Copy label="A request to copy" text={WAYS[way](location.origin, workload)} />
    </div>
  );
}
