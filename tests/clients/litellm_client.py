"""LiteLLM as a client, in each dialect it speaks, against a running weir in front of a provider of each dialect.

Usage: litellm_client.py ORIGIN KEY
"""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # Its table of models is else fetched.

import litellm  # noqa: E402

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]
HELLO = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "say hello"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ["get_weather", "get_time"]]

litellm.suppress_debug_info = True


def asking(prefix, base):
    def ask(model, **request):
        own = {"api_base": base, "api_key": KEY, "timeout": 20, "num_retries": 0}
        return litellm.completion(model=f"{prefix}/{model}", **{"messages": HELLO, **own, **request})

    return ask


DIALECTS = {"openai": ORIGIN + "/v1", "anthropic": ORIGIN, "gemini": ORIGIN + "/v1beta"}
ASK = {name: asking(name, base) for name, base in DIALECTS.items()}
CASES = [(f"{name} to {model}", (ask, model)) for model in checks.MODELS for name, ask in ASK.items()]


def a_completion_has_text_and_usage(case):
    ask, model = case
    reply = ask(model)
    assert reply.choices[0].message.content and reply.choices[0].finish_reason == "stop", reply
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0, reply


def a_stream_says_the_same_as_a_plain_answer(case):
    ask, model = case
    plain = ask(model).choices[0].message.content
    chunks = list(ask(model, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain, (text, plain)
    assert litellm.stream_chunk_builder(chunks).usage.completion_tokens > 0, chunks[-1]


def parallel_tools_are_called_plain_and_streamed(case):
    ask, model = case
    turns = [{"role": "user", "content": "please get_weather and get_time"}]
    streamed = litellm.stream_chunk_builder(list(ask(model, messages=turns, tools=TOOLS, stream=True)))
    for reply in [ask(model, messages=turns, tools=TOOLS), streamed]:
        message = reply.choices[0].message
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]
        assert calls == [("get_weather", {"city": "sim"}), ("get_time", {"city": "sim"})], reply
        results = [{"role": "tool", "tool_call_id": call.id, "content": "fine"} for call in message.tool_calls]
        after = ask(model, messages=[*turns, message.model_dump(exclude_none=True), *results], tools=TOOLS)
        assert after.choices[0].message.content, after


def an_answer_follows_a_schema(case):
    ask, model = case
    if ask is ASK["gemini"]:
        return  # It sends schemas only to models that its table knows.
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    form = {"type": "json_schema", "json_schema": {"name": "animal", "schema": {**schema, "additionalProperties": False}}}
    assert json.loads(ask(model, response_format=form).choices[0].message.content) == {"name": "sim"}


def an_image_arrives(case):
    ask, model = case
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{checks.PIXEL}"}}
    reply = ask(model, messages=[{"role": "user", "content": [{"type": "text", "text": "what is it"}, image]}])
    assert "1 files" in reply.choices[0].message.content, reply


def limits_are_kept(case):
    ask, model = case
    assert ask(model, max_tokens=2, temperature=0.5).choices[0].finish_reason == "length"


def thoughts_survive_a_conversation():
    for name, model in [("anthropic", "sim/claude"), ("openai", "sim/claude"), ("openai", "sim/gemini"), ("gemini", "sim/gemini")]:
        turns = [{"role": "user", "content": "please get_weather"}]
        more = {"reasoning_effort": "low", "allowed_openai_params": ["reasoning_effort"]}
        message = ASK[name](model, messages=turns, tools=TOOLS[:1], **more).choices[0].message
        assert message.reasoning_content, (name, model, message)
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "fine"}
        after = ASK[name](model, messages=[*turns, message.model_dump(exclude_none=True), result], tools=TOOLS[:1], **more)
        assert after.choices[0].message.content, (name, model, after)


def responses_are_answered_by_every_provider():
    for model in checks.MODELS:
        own = {"api_base": ORIGIN + "/v1", "api_key": KEY, "timeout": 20}
        reply = litellm.responses(model=f"openai/{model}", input="say hello", **own)
        assert reply.output_text and reply.usage.total_tokens > 0, reply
        events = list(litellm.responses(model=f"openai/{model}", input="say hello", stream=True, **own))
        assert events[-1].type == "response.completed", events[-1]


def texts_become_vectors():
    found = litellm.embedding(model="openai/sim/small", input=["hello", "there"], api_base=ORIGIN + "/v1", api_key=KEY, encoding_format="float")
    assert len(found.data) == 2 and len(found.data[0]["embedding"]) == 8, found


def errors_are_of_its_own_classes():
    for name in DIALECTS:
        try:
            ASK[name]("weir/defualt")
        except litellm.NotFoundError as found:
            assert "weir/default" in str(found), found
        else:
            raise AssertionError("no error")
    try:
        ASK["openai"]("sim/small", api_key="wrong-key-0123456789")
    except litellm.AuthenticationError:
        pass
    else:
        raise AssertionError("no error")


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("asking",), CASES)
