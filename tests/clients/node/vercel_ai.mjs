// Vercel's AI SDK with its providers for each dialect, against a running weir in front of a provider of each dialect.
// Usage: node vercel_ai.mjs ORIGIN KEY

import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { failure, MODELS, PIXEL, run } from "./checks.mjs";

const [origin, apiKey] = process.argv.slice(2);
const openai = createOpenAI({ baseURL: `${origin}/v1`, apiKey });
const anthropic = createAnthropic({ baseURL: `${origin}/v1`, apiKey });
const google = createGoogleGenerativeAI({ baseURL: `${origin}/v1beta`, apiKey });
const compatible = createOpenAICompatible({ name: "weir", baseURL: `${origin}/v1`, apiKey, includeUsage: true, supportsStructuredOutputs: true });
const dialects = { chat: openai.chat, responses: openai.responses, compatible, anthropic, gemini: google };
const own = { maxRetries: 0, abortSignal: undefined };
const city = z.object({ city: z.string() });

function tools(ran) {
  const one = (name) => tool({ description: name, inputSchema: city, execute: async (input) => (ran.push([name, input]), "fine") });
  return { get_weather: one("get_weather"), get_time: one("get_time") };
}
const CALLS = [["get_weather", { city: "sim" }], ["get_time", { city: "sim" }]];

await run(
  {
    "a text comes with usage": async (model) => {
      const reply = await generateText({ model, system: "be brief", prompt: "say hello", ...own });
      assert.ok(reply.text);
      assert.equal(reply.finishReason, "stop");
      assert.ok(reply.usage.totalTokens > 0);
    },
    "a stream says the same as a plain answer": async (model) => {
      const plain = await generateText({ model, prompt: "say hello", ...own });
      const stream = streamText({ model, prompt: "say hello", ...own });
      let text = "";
      for await (const piece of stream.textStream) text += piece;
      assert.equal(text, plain.text);
      assert.ok((await stream.usage).outputTokens > 0);
      assert.equal(await stream.finishReason, "stop");
    },
    "parallel tools are run and their results are read": async (model) => {
      for (const ask of [generateText, streamText]) {
        const ran = [];
        const reply = ask({ model, prompt: "please get_weather and get_time", tools: tools(ran), stopWhen: stepCountIs(3), ...own });
        const steps = await (await reply).steps;
        assert.deepEqual(ran, CALLS);
        assert.equal(steps.length, 2);
        assert.ok(steps[1].text);
      }
    },
    "a tool can be forced": async (model) => {
      const reply = await generateText({ model, prompt: "what now", tools: tools([]), toolChoice: { type: "tool", toolName: "get_time" }, ...own });
      assert.deepEqual(reply.toolCalls.map((call) => call.toolName), ["get_time"]);
    },
    "an answer follows a schema, whole and streamed": async (model) => {
      const output = Output.object({ schema: z.object({ name: z.string(), legs: z.array(z.object({ side: z.enum(["left", "right"]) })) }) });
      const wanted = { name: "sim", legs: [{ side: "left" }] };
      assert.deepEqual((await generateText({ model, prompt: "an animal", output, ...own })).output, wanted);
      const stream = streamText({ model, prompt: "an animal", output, ...own });
      let last;
      for await (const partial of stream.partialOutputStream) last = partial;
      assert.deepEqual(last, wanted);
    },
    "an image arrives": async (model) => {
      const content = [{ type: "text", text: "what is it" }, { type: "image", image: Buffer.from(PIXEL, "base64"), mediaType: "image/png" }];
      assert.match((await generateText({ model, messages: [{ role: "user", content }], ...own })).text, /1 files/);
    },
    "a call can be cancelled": async (model) => {
      const cancel = new AbortController();
      const asked = generateText({ model, prompt: "say hello", maxRetries: 0, abortSignal: cancel.signal });
      cancel.abort();
      assert.equal((await failure(asked)).name, "AbortError");
    },
    "texts become vectors": async () => {
      const { embeddings } = await embedMany({ model: openai.embedding("sim/small"), values: ["hello", "there"] });
      assert.deepEqual(embeddings.map((vector) => vector.length), [8, 8]);
    },
    "errors have their status": async () => {
      for (const [name, model] of Object.entries(dialects)) {
        const error = await failure(generateText({ model: model("weir/defualt"), prompt: "hello", ...own }));
        assert.ok(APICallError.isInstance(error) && error.statusCode === 404 && /weir\/default/.test(error.message), `${name}: ${error}`);
      }
    },
  },
  MODELS.flatMap((name) => Object.entries(dialects).map(([dialect, model]) => [`${dialect} to ${name}`, model(name)])),
);
