"""LangChain's chat models, one for each dialect, against a running weir in front of a provider of each dialect.

Usage: langchain_chat.py ORIGIN KEY
"""

import asyncio
import sys

import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]
HELLO = [SystemMessage("be brief"), HumanMessage("say hello")]


class Animal(BaseModel):
    """An animal."""

    name: str
    legs: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


@tool
def get_time(city: str) -> str:
    """The time in a city."""
    return f"noon in {city}"


def openai_chat(model, **options):
    return ChatOpenAI(model=model, base_url=ORIGIN + "/v1", api_key=KEY, max_retries=0, timeout=20, **options)


def clients(model):
    """One of each dialect."""
    own = {"max_retries": 0, "timeout": 20}
    yield "chat", openai_chat(model, stream_usage=True)
    yield "responses", openai_chat(model, use_responses_api=True)
    yield "anthropic", ChatAnthropic(model=model, base_url=ORIGIN, api_key=KEY, max_tokens=4000, **own)
    yield "gemini", ChatGoogleGenerativeAI(model=model, base_url=ORIGIN, google_api_key=KEY, **own)


CASES = [(f"{name} to {model}", client) for model in checks.MODELS for name, client in clients(model)]


def messages_have_text_and_usage(client):
    reply = client.invoke(HELLO)
    assert reply.text and reply.usage_metadata["total_tokens"] > 0, reply


def streams_say_the_same_as_plain_answers(client):
    plain = client.invoke(HELLO)
    whole = None
    for piece in client.stream(HELLO):
        whole = piece if whole is None else whole + piece
    assert whole.text == plain.text, whole
    assert whole.usage_metadata and whole.usage_metadata["output_tokens"] > 0, whole


def parallel_tools_are_called_plain_and_streamed(client):
    ask = [HumanMessage("please get_weather and get_time")]
    bound = client.bind_tools([get_weather, get_time])
    streamed = None
    for piece in bound.stream(ask):
        streamed = piece if streamed is None else streamed + piece
    for reply in [bound.invoke(ask), streamed]:
        calls = [(call["name"], call["args"]) for call in reply.tool_calls]
        assert calls == [("get_weather", {"city": "sim"}), ("get_time", {"city": "sim"})], reply
        results = [ToolMessage("fine", tool_call_id=call["id"], name=call["name"]) for call in reply.tool_calls]
        after = bound.invoke([*ask, reply, *results])
        assert after.text and not after.tool_calls, after


def one_tool_can_be_forced(client):
    reply = client.bind_tools([get_weather, get_time], tool_choice="get_time").invoke("what now")
    assert [call["name"] for call in reply.tool_calls] == ["get_time"], reply


def answers_follow_a_schema(client):
    for method in ["json_schema", "function_calling"]:
        found = client.with_structured_output(Animal, method=method).invoke("an Animal please")
        assert found == Animal(name="sim", legs=1), (method, found)


def images_arrive(client):
    image = {"type": "image", "base64": checks.PIXEL, "mime_type": "image/png"}
    ask = [HumanMessage([{"type": "text", "text": "what is it"}, image])]
    assert "1 files" in client.invoke(ask).text


def many_are_asked_at_once():
    async def ask():
        return [await client.abatch(["one", "two two"]) for _, client in clients("sim/small")]

    for replies in asyncio.run(ask()):
        assert [("1 words" in replies[0].text), ("2 words" in replies[1].text)] == [True, True], replies


def texts_become_vectors():
    embeddings = OpenAIEmbeddings(model="sim/small", base_url=ORIGIN + "/v1", api_key=KEY, check_embedding_ctx_length=False)
    found = embeddings.embed_documents(["hello", "there"])
    assert len(found) == 2 and len(found[0]) == 8, found


def errors_come_through():
    try:
        openai_chat("weir/defualt").invoke("hello")
    except openai.NotFoundError as found:
        assert "weir/default" in str(found), found
    else:
        raise AssertionError("no error")


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("openai_chat", "clients"), CASES)
