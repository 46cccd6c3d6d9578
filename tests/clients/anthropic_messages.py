"""The official Anthropic client against a running weir, in front of a provider of each dialect.

Usage: anthropic_messages.py ORIGIN KEY
"""

import sys

import anthropic

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]
HELLO = [{"role": "user", "content": "say hello"}]
TOOL = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def client(key=KEY):
    return anthropic.Anthropic(base_url=ORIGIN, api_key=key, max_retries=0, timeout=20)


def create(**request):
    return client().messages.create(**{"model": "weir/default", "max_tokens": 4000, "messages": HELLO, **request})


def a_message_has_text_usage_and_a_stop_reason():
    for model in checks.MODELS:
        reply = create(model=model)
        assert reply.type == "message" and reply.role == "assistant", reply
        assert reply.content[0].text and reply.stop_reason == "end_turn", reply
        assert reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0, reply


def a_stream_says_the_same_as_a_plain_answer():
    for model in checks.MODELS:
        plain = create(model=model)
        with client().messages.stream(model=model, max_tokens=4000, messages=HELLO) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert text == plain.content[0].text == final.content[0].text, (model, text)
        assert final.stop_reason == "end_turn" and final.usage.output_tokens == plain.usage.output_tokens, final


def a_tool_is_called_and_its_result_is_read():
    ask = [{"role": "user", "content": "please get_weather"}]
    for model in checks.MODELS:
        for streamed in (False, True):
            if streamed:
                with client().messages.stream(model=model, max_tokens=4000, messages=ask, tools=[TOOL]) as stream:
                    reply = stream.get_final_message()
            else:
                reply = create(model=model, messages=ask, tools=[TOOL])
            call = reply.content[-1]
            assert reply.stop_reason == "tool_use" and call.type == "tool_use", reply
            assert call.name == "get_weather" and call.input == {"city": "sim"}, reply
            result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
            turns = [*ask, {"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
            after = create(model=model, messages=turns, tools=[TOOL])
            assert after.stop_reason == "end_turn" and after.content[0].text, after


def thoughts_survive_a_conversation():
    ask = [{"role": "user", "content": "please get_weather"}]
    thinking = {"type": "enabled", "budget_tokens": 2000}
    for model in ["sim/claude", "sim/gemini"]:
        first = create(model=model, messages=ask, tools=[TOOL], thinking=thinking)
        assert first.content[0].type == "thinking" and first.content[0].thinking, first
        assert any(getattr(block, "signature", "") for block in first.content), first
        call = first.content[-1]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
        turns = [*ask, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        assert create(model=model, messages=turns, tools=[TOOL], thinking=thinking).stop_reason == "end_turn"


def images_and_documents_arrive():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": checks.PIXEL}}
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    messages = [{"role": "user", "content": [image, document, {"type": "text", "text": "what is it"}]}]
    for model in checks.MODELS:
        assert "2 files" in create(model=model, messages=messages).content[0].text, model


def output_follows_a_schema():
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    for model in checks.MODELS:
        reply = create(model=model, extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}})
        assert reply.content[0].text == '{"name":"sim"}', reply


def a_limit_and_a_stop_sequence_are_reasons_to_stop():
    for model in checks.MODELS:
        assert create(model=model, max_tokens=2).stop_reason == "max_tokens", model
    assert create(model="sim/claude", stop_sequences=["simulated"]).stop_sequence == "simulated"


def tokens_are_counted():
    for model in checks.MODELS:
        counted = client().messages.count_tokens(model=model, messages=HELLO)
        assert counted.input_tokens > 0, counted


def models_are_listed():
    ids = [model.id for model in client().models.list()]
    assert "weir/default" in ids and "sim/claude" in ids, ids


def a_conversation_moves_between_providers_with_its_thoughts():
    ask = [{"role": "user", "content": "please get_weather"}]
    thinking = {"type": "enabled", "budget_tokens": 2000}
    for first_model in ["sim/claude", "sim/gemini", "sim/bedrock", "sim/cohere"]:
        for next_model in checks.PROVIDERS:
            first = create(model=first_model, messages=ask, tools=[TOOL], thinking=thinking)
            result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "sunny"}
            turns = [*ask, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
            after = create(model=next_model, messages=turns, tools=[TOOL], thinking=thinking)
            assert after.stop_reason == "end_turn", (first_model, next_model, after)


def fails(error, key=KEY, **request):
    try:
        client(key).messages.create(**{"model": "weir/default", "max_tokens": 9, "messages": HELLO, **request})
    except error as found:
        assert type(found) is error, found
        assert found.request_id and found.body["type"] == "error", found
        return found
    raise AssertionError(f"no {error.__name__}")


def errors_are_of_the_clients_own_classes():
    fails(anthropic.AuthenticationError, key="wrong-key-0123456789")
    found = fails(anthropic.NotFoundError, model="weir/defualt")
    assert "weir/default" in str(found), found
    found = fails(anthropic.BadRequestError, messages=[{"role": "user", "content": 7}])
    assert "$.messages[0].content" in str(found), found
    found = fails(anthropic.BadRequestError, model="sim/small", extra_body={"top_k": 5})
    assert "$.top_k" in str(found), found


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("client", "create", "fails"))
