// The official OpenAI client for Node against a running weir, in front of a provider of each dialect.
// Usage: node openai.mjs ORIGIN KEY

import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { failure, MODELS, PIXEL, run } from "./checks.mjs";

const [origin, key] = process.argv.slice(2);
const client = (more = {}) => new OpenAI({ baseURL: `${origin}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000, ...more });
const HELLO = [{ role: "system", content: "be brief" }, { role: "user", content: "say hello" }];
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const TOOLS = ["get_weather", "get_time"].map((name) => ({ type: "function", function: { name, parameters: CITY } }));
const CALLS = [["get_weather", { city: "sim" }], ["get_time", { city: "sim" }]];
const read = (calls) => calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
const Animal = z.object({ name: z.string(), legs: z.number() });

await run(
  {
    "a completion has text and usage": async (model) => {
      const reply = await client().chat.completions.create({ model, messages: HELLO });
      assert.ok(reply.choices[0].message.content);
      assert.equal(reply.choices[0].finish_reason, "stop");
      assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
    },
    "a stream says the same as a plain answer": async (model) => {
      const plain = await client().chat.completions.create({ model, messages: HELLO });
      const runner = client().chat.completions.stream({ model, messages: HELLO, stream_options: { include_usage: true } });
      let text = "";
      for await (const chunk of runner) text += chunk.choices[0]?.delta.content ?? "";
      const whole = await runner.finalChatCompletion();
      assert.equal(text, plain.choices[0].message.content);
      assert.equal(whole.choices[0].message.content, text);
      assert.ok((await runner.totalUsage()).completion_tokens > 0);
    },
    "parallel tools are called plain and streamed": async (model) => {
      const messages = [{ role: "user", content: "please get_weather and get_time" }];
      const plain = await client().chat.completions.create({ model, messages, tools: TOOLS });
      const streamed = await client().chat.completions.stream({ model, messages, tools: TOOLS }).finalChatCompletion();
      for (const { message, finish_reason } of [plain.choices[0], streamed.choices[0]]) {
        assert.equal(finish_reason, "tool_calls");
        assert.deepEqual(read(message.tool_calls), CALLS);
        const results = message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "fine" }));
        const after = await client().chat.completions.create({ model, messages: [...messages, message, ...results], tools: TOOLS });
        assert.ok(after.choices[0].message.content);
      }
    },
    "tools are run by the client": async (model) => {
      const ran = [];
      const tool = (name) => ({
        type: "function",
        function: { name, parameters: CITY, parse: JSON.parse, function: ({ city }) => (ran.push([name, { city }]), "fine") },
      });
      const runner = client().chat.completions.runTools({
        model, stream: true, tools: [tool("get_weather"), tool("get_time")],
        messages: [{ role: "user", content: "please get_weather and get_time" }],
      });
      assert.ok(await runner.finalContent());
      assert.deepEqual(ran, CALLS);
    },
    "an answer follows a schema": async (model) => {
      const reply = await client().chat.completions.parse({ model, messages: HELLO, response_format: zodResponseFormat(Animal, "animal") });
      assert.deepEqual(reply.choices[0].message.parsed, { name: "sim", legs: 1 });
      const response = await client().responses.parse({ model, input: "an animal", text: { format: zodTextFormat(Animal, "animal") } });
      assert.deepEqual(response.output_parsed, { name: "sim", legs: 1 });
    },
    "an image arrives": async (model) => {
      const url = `data:image/png;base64,${PIXEL}`;
      const content = [{ type: "text", text: "what is it" }, { type: "image_url", image_url: { url } }];
      const reply = await client().chat.completions.create({ model, messages: [{ role: "user", content }] });
      assert.match(reply.choices[0].message.content, /1 files/);
      const input = [{ role: "user", content: [{ type: "input_text", text: "what is it" }, { type: "input_image", image_url: url, detail: "auto" }] }];
      assert.match((await client().responses.create({ model, input })).output_text, /1 files/);
    },
    "a response is streamed event by event": async (model) => {
      const tools = TOOLS.map(({ function: { name, parameters } }) => ({ type: "function", name, parameters, strict: true }));
      const runner = client().responses.stream({ model, input: "please get_weather and get_time", tools });
      const seen = new Set();
      for await (const event of runner) seen.add(event.type);
      const whole = await runner.finalResponse();
      assert.deepEqual(whole.output.filter((item) => item.type === "function_call").map((item) => [item.name, JSON.parse(item.arguments)]), CALLS);
      for (const type of ["response.created", "response.output_item.added", "response.function_call_arguments.done", "response.completed"]) assert.ok(seen.has(type), type);
      assert.equal(whole.status, "completed");
      assert.ok(whole.usage.total_tokens > 0);
    },
    "a stored response is fetched, continued and deleted": async (model) => {
      const { responses } = client();
      const first = await responses.create({ model, input: "my name is Ada" });
      assert.equal((await responses.retrieve(first.id)).id, first.id);
      const second = await responses.create({ model: "sim/small", input: "who am I?", previous_response_id: first.id });
      const texts = [];
      for await (const item of responses.inputItems.list(second.id, { order: "asc", limit: 1 })) texts.push(item.content[0].text);
      assert.deepEqual(texts, ["my name is Ada", first.output_text, "who am I?"]);
      await responses.delete(first.id);
      assert.ok((await failure(responses.retrieve(first.id))) instanceof OpenAI.NotFoundError);
    },
    "a stream can be left early": async (model) => {
      const stream = await client().chat.completions.create({ model, messages: HELLO, stream: true });
      for await (const chunk of stream) {
        assert.equal(chunk.object, "chat.completion.chunk");
        break;
      }
      stream.controller.abort();
      const cancel = new AbortController();
      const asked = client().chat.completions.create({ model, messages: HELLO }, { signal: cancel.signal });
      cancel.abort();
      assert.ok((await failure(asked)) instanceof OpenAI.APIUserAbortError);
    },
    "models are listed": async () => {
      const ids = [];
      for await (const model of client().models.list()) ids.push(model.id);
      assert.ok(ids.includes("weir/default") && ids.includes("sim/claude"), ids);
    },
    "texts become vectors": async () => {
      for (const encoding_format of [undefined, "float", "base64"]) {
        const reply = await client().embeddings.create({ model: "sim/small", input: ["hello", "there"], encoding_format });
        assert.equal(reply.data.length, 2);
        if (encoding_format !== "base64") assert.equal(reply.data[0].embedding.length, 8);
      }
    },
    "errors are of the client's own classes": async () => {
      const ask = (more, own) => failure(client(own).chat.completions.create({ model: "sim/small", messages: HELLO, ...more }));
      const missing = await ask({ model: "weir/defualt" });
      assert.ok(missing instanceof OpenAI.NotFoundError && missing.code === "W0102" && /weir\/default/.test(missing.message), missing);
      assert.ok(missing.requestID, "a request id");
      assert.ok((await ask({}, { apiKey: "wrong-key-0123456789" })) instanceof OpenAI.AuthenticationError);
      const bad = await ask({ messages: [{ role: "user", content: 7 }] });
      assert.ok(bad instanceof OpenAI.BadRequestError && /messages\[0\]\.content/.test(bad.message), bad);
      const late = await ask({}, { timeout: 1 });
      assert.ok(late instanceof OpenAI.APIConnectionTimeoutError, late);
    },
  },
  MODELS.map((model) => [model, model]),
);
