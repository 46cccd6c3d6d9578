"""Agents of Pydantic AI, one for each dialect, against a running weir in front of a provider of each dialect.

Usage: pydantic_ai_agents.py ORIGIN KEY
"""

import asyncio
import base64
import sys

import anthropic
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]


class Animal(BaseModel):
    """An animal."""

    name: str
    legs: int


def models(model):
    """One of each dialect."""
    openai = OpenAIProvider(base_url=ORIGIN + "/v1", api_key=KEY)
    claude = anthropic.AsyncAnthropic(base_url=ORIGIN, api_key=KEY, max_retries=0, timeout=20)
    yield "chat", OpenAIChatModel(model, provider=openai)
    yield "responses", OpenAIResponsesModel(model, provider=openai)
    yield "anthropic", AnthropicModel(model, provider=AnthropicProvider(anthropic_client=claude))
    yield "gemini", GoogleModel(model, provider=GoogleProvider(base_url=ORIGIN, api_key=KEY))


# A client belongs to the event loop that first used it: each check makes its own.
CASES = [(f"{name} to {model}", (name, model)) for model in checks.MODELS for name, _ in models(model)]


def made(case):
    return dict(models(case[1]))[case[0]]


def an_agent_answers(case):
    model = made(case)
    result = Agent(model, instructions="be brief").run_sync("say hello")
    assert "I am small" in result.output and result.usage.output_tokens > 0, result


def a_stream_says_the_same_as_a_plain_answer(case):
    model = made(case)
    agent = Agent(model, instructions="be brief")

    async def both():
        async with agent.run_stream("say hello") as result:
            pieces = [piece async for piece in result.stream_text(delta=True)]
        return "".join(pieces), (await agent.run("say hello")).output

    streamed, plain = asyncio.run(both())
    assert streamed == plain


def tools_are_run(case):
    model = made(case)
    agent = Agent(model)
    ran = []

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather of a city."""
        ran.append(("weather", city))
        return "sunny"

    @agent.tool_plain
    def get_time(city: str) -> str:
        """The time in a city."""
        ran.append(("time", city))
        return "noon"

    result = agent.run_sync("please get_weather and get_time")
    assert sorted(ran) == [("time", "sim"), ("weather", "sim")] and result.output, (ran, result)


def an_output_is_typed(case):
    # The library itself refuses native output to Anthropic models that it does not know.
    for kind in [ToolOutput] if isinstance(made(case), AnthropicModel) else [ToolOutput, NativeOutput]:
        found = Agent(made(case), output_type=kind(Animal)).run_sync("an Animal please").output
        assert found == Animal(name="sim", legs=1), (kind, found)


def an_image_arrives(case):
    model = made(case)
    image = BinaryContent(data=base64.b64decode(checks.PIXEL), media_type="image/png")
    assert "1 files" in Agent(model).run_sync(["what is it", image]).output


def a_conversation_goes_on(case):
    model = made(case)
    agent = Agent(model)
    first = agent.run_sync("one two")
    second = agent.run_sync("three", message_history=first.all_messages())
    assert "1 words" in second.output, second


def an_error_has_its_status():
    for _, model in models("weir/defualt"):
        try:
            Agent(model).run_sync("hello")
        except ModelHTTPError as found:
            assert found.status_code == 404, found
        else:
            raise AssertionError("no error")


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("models", "made"), CASES)
