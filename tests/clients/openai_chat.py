"""The official OpenAI client against a running weir: what its users rely on, nothing weir-specific in between.

Usage: openai_chat.py ORIGIN KEY, where KEY opens the data plane.
"""

import asyncio
import json
import sys

import openai

import checks

BASE_URL, KEY = sys.argv[1] + "/v1", sys.argv[2]
HELLO = [{"role": "user", "content": "say hello"}]


def client(key=KEY, **options):
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, timeout=20, **options)


def plain_chat_has_text_usage_and_a_finish_reason():
    reply = client().chat.completions.create(model="weir/default", messages=HELLO)
    assert reply.object == "chat.completion" and reply.choices[0].message.role == "assistant", reply
    assert reply.choices[0].message.content and reply.choices[0].finish_reason == "stop", reply
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0, reply


def a_deployment_can_be_named():
    reply = client().chat.completions.create(model="sim/small", messages=HELLO)
    assert "small" in reply.choices[0].message.content, reply


def a_stream_says_the_same_as_a_plain_answer():
    plain = client().chat.completions.create(model="sim/small", messages=HELLO).choices[0].message.content
    chunks = list(client().chat.completions.create(model="sim/small", messages=HELLO, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain, (text, plain)
    assert chunks[-1].choices[0].finish_reason == "stop", chunks[-1]
    assert all(chunk.usage is None for chunk in chunks), "usage comes only when asked for"


def a_stream_ends_with_usage_when_asked():
    options = {"include_usage": True}
    chunks = list(client().chat.completions.create(model="auto", messages=HELLO, stream=True, stream_options=options))
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens > 0 and chunks[-1].choices == [], chunks[-1]


def a_stream_can_be_left_early():
    with client().chat.completions.create(model="auto", messages=HELLO, stream=True) as stream:
        assert next(iter(stream)).object == "chat.completion.chunk"
    plain_chat_has_text_usage_and_a_finish_reason()


def models_are_listed_and_found_one_by_one():
    ids = [model.id for model in client().models.list()]
    assert "weir/default" in ids and "sim/large" in ids, ids
    assert all(client().models.retrieve(id).id == id for id in ids), ids


def the_header_names_the_workload():
    headers = {"x-weir-workload": "second", "x-weir-session": "s-1", "x-weir-tags": '{"team":"tests"}'}
    raw = client().chat.completions.with_raw_response.create(model="auto", messages=HELLO, extra_headers=headers)
    assert raw.headers["x-weir-workload"] == "second", raw.headers


def every_answer_tells_where_it_came_from():
    raw = client().chat.completions.with_raw_response.create(model="weir/default", messages=HELLO)
    assert raw.parse().choices[0].message.content
    for name in ["x-weir-span-id", "x-weir-trace-id"]:
        assert len(raw.headers[name]) == 32, raw.headers
    assert raw.headers["x-weir-deployment"] == "sim/large" and raw.headers["x-weir-revision"] == "r-0001", raw.headers
    assert float(raw.headers["x-weir-cost-usd"]) > 0, raw.headers


def fails(error, key=KEY, **request):
    try:
        client(key).chat.completions.create(**{"model": "auto", "messages": HELLO, **request})
    except error as found:
        assert type(found) is error, found
        assert len(found.response.headers["x-weir-span-id"]) == 32, found.response.headers
        return found
    raise AssertionError(f"no {error.__name__}")


def an_unknown_model_is_not_found_and_the_nearest_is_named():
    found = fails(openai.NotFoundError, model="weir/defualt")
    assert found.code == "W0102" and "weir/default" in str(found), found


def a_wrong_key_is_an_authentication_error():
    assert fails(openai.AuthenticationError, key="wrong-key-0123456789").code == "W0201"


def a_bad_request_names_the_field():
    found = fails(openai.BadRequestError, messages=[{"role": "user", "content": 7}])
    assert found.code == "W0101" and "messages[0].content" in str(found), found


def text_survives_every_script():
    for text in ["naïve café", "日本語のテキスト", "🙂👩‍👩‍👧 emoji", "tab\tquote\"back\\slash\nline"]:
        messages = [{"role": "user", "content": text}]
        reply = client().chat.completions.create(model="auto", messages=messages)
        assert reply.choices[0].message.content, text


def every_provider_says_the_same_plain_and_streamed():
    for model in checks.PROVIDERS:
        options = {"include_usage": True}
        plain = client().chat.completions.create(model=model, messages=HELLO)
        chunks = list(client().chat.completions.create(model=model, messages=HELLO, stream=True, stream_options=options))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == plain.choices[0].message.content and plain.choices[0].finish_reason == "stop", (model, text)
        assert chunks[-1].usage.completion_tokens == plain.usage.completion_tokens > 0, (model, chunks[-1])


def images_and_limits_reach_every_provider():
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{checks.PIXEL}"}}
    content = [{"type": "text", "text": "what is it"}, image]
    for model in checks.PROVIDERS:
        reply = client().chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
        assert "1 files" in reply.choices[0].message.content, (model, reply)
        short = client().chat.completions.create(model=model, messages=HELLO, max_tokens=2, temperature=0.5, top_p=0.9)
        assert short.choices[0].finish_reason == "length", (model, short)


def what_a_provider_cannot_say_is_refused_by_name():
    for model, field in [("sim/claude", "seed"), ("sim/bedrock", "seed"), ("sim/cohere", "n"), ("sim/mistral", "logprobs")]:
        value = {"seed": 7, "n": 2, "logprobs": True}[field]
        assert f"$.{field}" in str(fails(openai.BadRequestError, model=model, **{field: value})), (model, field)


def a_call_can_time_out_and_be_cancelled():
    try:
        client().with_options(timeout=0.0001).chat.completions.create(model="auto", messages=HELLO)
    except openai.APITimeoutError:
        pass
    else:
        raise AssertionError("no timeout")

    async def cancelled():
        own = openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
        task = asyncio.create_task(own.chat.completions.create(model="auto", messages=HELLO))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True

    assert asyncio.run(cancelled())
    plain_chat_has_text_usage_and_a_finish_reason()


def every_provider_calls_a_tool_and_reads_its_result():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]
    ask = [{"role": "user", "content": "please get_weather"}]
    for model in checks.PROVIDERS:
        message = client().chat.completions.create(model=model, messages=ask, tools=tools).choices[0].message
        call = message.tool_calls[0]
        assert call.function.name == "get_weather" and json.loads(call.function.arguments) == {"city": "sim"}, message
        stream = client().chat.completions.create(model=model, messages=ask, tools=tools, stream=True)
        deltas = [piece for chunk in stream for choice in chunk.choices for piece in choice.delta.tool_calls or []]
        assert json.loads("".join(delta.function.arguments or "" for delta in deltas)) == {"city": "sim"}, deltas
        turns = [*ask, message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
        assert client().chat.completions.create(model=model, messages=turns, tools=tools).choices[0].message.content


def every_provider_follows_a_schema():
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    form = {"type": "json_schema", "json_schema": {"name": "animal", "schema": schema}}
    for model in checks.PROVIDERS:
        reply = client().chat.completions.create(model=model, messages=HELLO, response_format=form)
        assert reply.choices[0].message.content == '{"name":"sim"}', reply


def responses_are_answered_by_every_provider():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "name": "get_weather", "parameters": schema}]
    for model in checks.PROVIDERS:
        plain = client().responses.create(model=model, input="say hello")
        assert plain.output_text and plain.status == "completed" and plain.usage.total_tokens > 0, plain
        events = list(client().responses.create(model=model, input="say hello", stream=True))
        assert events[-1].type == "response.completed" and events[-1].response.output_text == plain.output_text, events
        called = client().responses.create(model=model, input="please get_weather", tools=tools)
        assert json.loads(called.output[-1].arguments) == {"city": "sim"}, called


def a_stored_response_is_fetched_continued_and_deleted():
    asked = client().responses
    for first, second in [("sim/claude", "sim/small"), ("sim/small", "sim/responses"), ("sim/responses", "sim/gemini")]:
        one = asked.create(model=first, input="my name is Ada", metadata={"kind": "greeting"})
        assert asked.retrieve(one.id).output_text == one.output_text, one
        *_, last = asked.create(model=second, input="who am I?", previous_response_id=one.id, stream=True)
        two = asked.retrieve(last.response.id)
        assert two.previous_response_id == one.id and two.output == last.response.output, two
        items = [item.content[0].text for item in asked.input_items.list(two.id, order="asc", limit=2)]
        assert items == ["my name is Ada", one.output_text, "who am I?"], items
        asked.delete(one.id)
        for gone in [lambda: asked.retrieve(one.id), lambda: asked.delete(one.id)]:
            try:
                gone()
            except openai.NotFoundError:
                continue
            raise AssertionError("it is still there")
    unstored = asked.create(model="sim/small", input="hello", store=False)
    try:
        asked.create(model="sim/small", input="more", previous_response_id=unstored.id)
    except openai.BadRequestError as found:
        assert "previous_response_id" in str(found), found
    else:
        raise AssertionError("no error")


def embeddings_are_vectors():
    for model in ["sim/small", "sim/gemini", "sim/mistral", "sim/cohere"]:
        for form in [openai.NOT_GIVEN, "float"]:
            reply = client().embeddings.create(model=model, input=["hello", "there"], encoding_format=form)
            assert len(reply.data) == 2 and len(reply.data[0].embedding) == 8 and reply.usage.prompt_tokens > 0, reply


def sound_is_made_and_heard():
    speech = client().audio.speech.create(model="sim/small", voice="alloy", input="hello")
    assert speech.read().startswith(b"ID3")
    heard = client().audio.transcriptions.create(model="sim/small", file=("a.mp3", b"sound"))
    assert heard.text == "I heard 5 bytes.", heard
    assert client().audio.transcriptions.create(model="sim/small", file=("a.mp3", b"sound"), response_format="text") == "I heard 5 bytes."


def the_other_endpoints_answer():
    assert client().moderations.create(model="sim/small", input="hello").results[0].flagged is False
    assert client().images.generate(model="sim/small", prompt="a cat").data[0].b64_json
    assert client().images.edit(model="sim/small", image=("a.png", b"png"), prompt="a cat").data[0].b64_json
    said = client().completions.create(model="sim/small", prompt="say").choices[0].text
    pieces = client().completions.create(model="sim/small", prompt="say", stream=True)
    assert said and "".join(piece.choices[0].text for piece in pieces) == said, said


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("client", "fails"))
