"""The official Google GenAI client against a running weir, in front of a provider of each dialect.

Usage: google_genai.py ORIGIN KEY
"""

import base64
import sys

from google import genai
from google.genai import errors, types

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather of a city.",
            parameters=types.Schema(
                type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
            ),
        )
    ]
)


def client(key=KEY):
    options = types.HttpOptions(base_url=ORIGIN, timeout=20_000)
    return genai.Client(api_key=key, vertexai=False, http_options=options)


def generate(model, contents="say hello", **config):
    manual = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(automatic_function_calling=manual, **config)
    with client() as asked:
        return asked.models.generate_content(model=model, contents=contents, config=config)


def content_has_text_usage_and_a_finish_reason():
    for model in checks.MODELS:
        reply = generate(model)
        assert reply.text and reply.candidates[0].finish_reason == types.FinishReason.STOP, reply
        usage = reply.usage_metadata
        assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count > 0, reply


def a_workload_can_be_named():
    assert generate("weir/default").text


def a_stream_says_the_same_as_a_plain_answer():
    for model in checks.MODELS:
        plain = generate(model).text
        with client() as asked:
            chunks = list(asked.models.generate_content_stream(model=model, contents="say hello"))
        assert "".join(chunk.text or "" for chunk in chunks) == plain, chunks
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks[-1]
        assert chunks[-1].usage_metadata.total_token_count > 0, chunks[-1]


def a_function_is_called_and_its_response_is_read():
    ask = types.Content(role="user", parts=[types.Part.from_text(text="please get_weather")])
    thinking = types.ThinkingConfig(thinking_budget=2000, include_thoughts=True)
    for model in checks.MODELS:
        config = {"tools": [TOOL]} if model == "sim/small" else {"tools": [TOOL], "thinking_config": thinking}
        first = generate(model, [ask], **config)
        call = first.function_calls[0]
        assert call.name == "get_weather" and call.args == {"city": "sim"}, first
        response = types.Part.from_function_response(name="get_weather", response={"result": "sunny"})
        response.function_response.id = call.id
        turns = [ask, first.candidates[0].content, types.Content(role="user", parts=[response])]
        assert generate(model, turns, **config).text, model


def images_arrive():
    image = types.Part.from_bytes(data=base64.b64decode(checks.PIXEL), mime_type="image/png")
    for model in checks.MODELS:
        assert "1 files" in generate(model, [image, "what is it"]).text, model


def output_follows_a_schema():
    schema = types.Schema(type=types.Type.OBJECT, properties={"name": types.Schema(type=types.Type.STRING)})
    for model in checks.MODELS:
        reply = generate(model, response_mime_type="application/json", response_schema=schema)
        assert reply.text == '{"name":"sim"}', reply


def instructions_and_limits_are_kept():
    for model in checks.MODELS:
        reply = generate(model, system_instruction="be brief", max_output_tokens=2, temperature=0.5)
        assert reply.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS, reply


def tokens_are_counted():
    for model in checks.MODELS:
        with client() as asked:
            assert asked.models.count_tokens(model=model, contents="say hello").total_tokens > 0


def models_are_listed_and_one_is_read():
    with client() as asked:
        found = {model.name: model for model in asked.models.list()}
        assert {"models/weir/default", *(f"models/{model}" for model in checks.PROVIDERS)} <= set(found), found
        one = asked.models.get(model="weir/default")
    assert one == found["models/weir/default"] and "generateContent" in one.supported_actions, one


def texts_become_vectors():
    texts = [types.Content(parts=[types.Part.from_text(text=text)]) for text in ("hello", "hello", "goodbye")]
    for model in ["sim/gemini", "sim/small"]:
        with client() as asked:
            first, again, other = asked.models.embed_content(model=model, contents=texts).embeddings
        assert first.values == again.values != other.values and len(first.values) == 8, (first, again, other)


def errors_have_code_and_status():
    for key, model, code, status in [
        ("wrong-key-0123456789", "sim/small", 401, "UNAUTHENTICATED"),
        (KEY, "weir/defualt", 404, "NOT_FOUND"),
    ]:
        try:
            with client(key) as asked:
                asked.models.generate_content(model=model, contents="say hello")
        except errors.ClientError as found:
            assert (found.code, found.status) == (code, status), found
        else:
            raise AssertionError("no error")


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("client", "generate"))
