// The official Google GenAI client for Node against a running weir, in front of a provider of each dialect.
// Usage: node google_genai.mjs ORIGIN KEY

import assert from "node:assert/strict";
import { ApiError, createPartFromBase64, createPartFromFunctionResponse, createUserContent, GoogleGenAI } from "@google/genai";
import { failure, MODELS, PIXEL, run } from "./checks.mjs";

const [origin, apiKey] = process.argv.slice(2);
const client = (key = apiKey) => new GoogleGenAI({ apiKey: key, vertexai: false, httpOptions: { baseUrl: origin, timeout: 20_000 } });
const parametersJsonSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ functionDeclarations: ["get_weather", "get_time"].map((name) => ({ name, parametersJsonSchema })) }];

await run(
  {
    "content has text and usage": async (model) => {
      const reply = await client().models.generateContent({ model, contents: "say hello", config: { systemInstruction: "be brief" } });
      assert.ok(reply.text);
      assert.equal(reply.candidates[0].finishReason, "STOP");
      assert.ok(reply.usageMetadata.totalTokenCount > 0);
    },
    "a stream says the same as a plain answer": async (model) => {
      const plain = await client().models.generateContent({ model, contents: "say hello" });
      let text = "";
      for await (const chunk of await client().models.generateContentStream({ model, contents: "say hello" })) text += chunk.text ?? "";
      assert.equal(text, plain.text);
    },
    "parallel functions are called and their responses are read": async (model) => {
      const ask = createUserContent("please get_weather and get_time");
      const first = await client().models.generateContent({ model, contents: [ask], config: { tools } });
      assert.deepEqual(first.functionCalls.map(({ name, args }) => [name, args]), [["get_weather", { city: "sim" }], ["get_time", { city: "sim" }]]);
      const responses = first.functionCalls.map(({ id, name }) => createPartFromFunctionResponse(id, name, { result: "fine" }));
      const after = await client().models.generateContent({ model, contents: [ask, first.candidates[0].content, createUserContent(responses)], config: { tools } });
      assert.ok(after.text);
    },
    "an answer follows a schema": async (model) => {
      const config = { responseMimeType: "application/json", responseJsonSchema: { type: "object", properties: { name: { type: "string" } } } };
      const reply = await client().models.generateContent({ model, contents: "an animal", config });
      assert.deepEqual(JSON.parse(reply.text), { name: "sim" });
    },
    "an image arrives": async (model) => {
      const reply = await client().models.generateContent({ model, contents: createUserContent(["what is it", createPartFromBase64(PIXEL, "image/png")]) });
      assert.match(reply.text, /1 files/);
    },
    "tokens are counted": async (model) => {
      assert.ok((await client().models.countTokens({ model, contents: "say hello" })).totalTokens > 0);
    },
    "models are listed": async () => {
      const names = [];
      for await (const model of await client().models.list()) names.push(model.name);
      assert.ok(["models/weir/default", ...MODELS.map((model) => `models/${model}`)].every((name) => names.includes(name)), names);
    },
    "errors have code and status": async () => {
      for (const [key, model, status] of [["wrong-key-0123456789", "sim/small", 401], [apiKey, "weir/defualt", 404]]) {
        const error = await failure(client(key).models.generateContent({ model, contents: "say hello" }));
        assert.ok(error instanceof ApiError && error.status === status, error);
      }
    },
  },
  MODELS.map((model) => [model, model]),
);
