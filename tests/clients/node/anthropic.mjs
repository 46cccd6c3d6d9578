// The official Anthropic client for Node against a running weir, in front of a provider of each dialect.
// Usage: node anthropic.mjs ORIGIN KEY

import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { failure, MODELS, PIXEL, run } from "./checks.mjs";

const [origin, key] = process.argv.slice(2);
const client = (more = {}) => new Anthropic({ baseURL: origin, apiKey: key, maxRetries: 0, timeout: 20_000, ...more });
const messages = [{ role: "user", content: "say hello" }];
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = ["get_weather", "get_time"].map((name) => ({ name, input_schema }));
const ask = (model) => ({ model, max_tokens: 4000, system: "be brief" });

await run(
  {
    "a message has text and usage": async (model) => {
      const reply = await client().messages.create({ ...ask(model), messages });
      assert.ok(reply.content[0].text);
      assert.equal(reply.stop_reason, "end_turn");
      assert.ok(reply.usage.output_tokens > 0);
    },
    "a stream says the same as a plain answer": async (model) => {
      const plain = await client().messages.create({ ...ask(model), messages });
      const whole = await client().messages.stream({ ...ask(model), messages }).finalMessage();
      assert.deepEqual(whole.content.map((block) => block.text), plain.content.map((block) => block.text));
      assert.equal(whole.usage.output_tokens, plain.usage.output_tokens);
    },
    "parallel tools are called plain and streamed": async (model) => {
      const turns = [{ role: "user", content: "please get_weather and get_time" }];
      const plain = await client().messages.create({ ...ask(model), messages: turns, tools });
      const streamed = await client().messages.stream({ ...ask(model), messages: turns, tools }).finalMessage();
      for (const reply of [plain, streamed]) {
        assert.equal(reply.stop_reason, "tool_use");
        const calls = reply.content.filter((block) => block.type === "tool_use");
        assert.deepEqual(calls.map(({ name, input }) => [name, input]), [["get_weather", { city: "sim" }], ["get_time", { city: "sim" }]]);
        const content = calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "fine" }));
        const after = await client().messages.create({ ...ask(model), tools, messages: [...turns, { role: "assistant", content: reply.content }, { role: "user", content }] });
        assert.equal(after.stop_reason, "end_turn");
      }
    },
    "an image arrives": async (model) => {
      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } };
      const reply = await client().messages.create({ ...ask(model), messages: [{ role: "user", content: [image, { type: "text", text: "what is it" }] }] });
      assert.match(reply.content[0].text, /1 files/);
    },
    "tokens are counted": async (model) => {
      assert.ok((await client().messages.countTokens({ model, messages })).input_tokens > 0);
    },
    "a stream can be left early": async (model) => {
      const stream = client().messages.stream({ ...ask(model), messages });
      stream.on("text", () => stream.abort());
      assert.ok((await failure(stream.finalMessage())) instanceof Anthropic.APIUserAbortError);
    },
    "models are listed": async () => {
      const ids = [];
      for await (const model of client().models.list()) ids.push(model.id);
      assert.ok(ids.includes("weir/default") && ids.includes("sim/claude"), ids);
    },
    "errors are of the client's own classes": async () => {
      const failed = (more, own) => failure(client(own).messages.create({ ...ask("sim/small"), messages, ...more }));
      assert.ok((await failed({ model: "weir/defualt" })) instanceof Anthropic.NotFoundError);
      assert.ok((await failed({}, { apiKey: "wrong-key-0123456789" })) instanceof Anthropic.AuthenticationError);
      const bad = await failed({ messages: [{ role: "user", content: 7 }] });
      assert.ok(bad instanceof Anthropic.BadRequestError && bad.requestID && bad.error.type === "error", bad);
      const late = await failed({ model: "silent/claude" }, { timeout: 100 });
      assert.ok(late instanceof Anthropic.APIConnectionTimeoutError);
    },
  },
  MODELS.map((model) => [model, model]),
);
