"""Instructor, which turns answers into typed objects, against a running weir in front of a provider of each dialect.

Usage: instructor_models.py ORIGIN KEY
"""

import sys
from typing import Literal

import anthropic
import instructor
import openai
from google import genai
from pydantic import BaseModel, Field, field_validator

import checks

ORIGIN, KEY = sys.argv[1], sys.argv[2]


class Leg(BaseModel):
    side: Literal["left", "right"]


class Animal(BaseModel):
    """An animal with its legs."""

    name: str = Field(description="what it is called")
    weight: float
    legs: list[Leg]
    friend: str | None = None


WANTED = {"name": "sim", "weight": 1.0, "legs": [Leg(side="left")]}
ASK = [{"role": "user", "content": "an Animal please"}]


def openai_client(mode):
    return instructor.from_openai(openai.OpenAI(base_url=ORIGIN + "/v1", api_key=KEY, max_retries=0, timeout=20), mode=mode)


def clients():
    for mode in [instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA, instructor.Mode.RESPONSES_TOOLS]:
        yield mode.name, openai_client(mode), {}
    claude = anthropic.Anthropic(base_url=ORIGIN, api_key=KEY, max_retries=0, timeout=20)
    yield "ANTHROPIC_TOOLS", instructor.from_anthropic(claude, mode=instructor.Mode.ANTHROPIC_TOOLS), {"max_tokens": 999}
    gemini = genai.Client(api_key=KEY, vertexai=False, http_options=genai.types.HttpOptions(base_url=ORIGIN, timeout=20_000))
    yield "GENAI_TOOLS", instructor.from_genai(gemini, mode=instructor.Mode.GENAI_TOOLS), {}
    yield "GENAI_STRUCTURED_OUTPUTS", instructor.from_genai(gemini, mode=instructor.Mode.GENAI_STRUCTURED_OUTPUTS), {}


CASES = [
    (f"{name} to {model}", (client, {"model": model, "messages": ASK, **more}))
    for model in checks.MODELS
    for name, client, more in clients()
]


def an_answer_is_an_object(case):
    client, request = case
    found = client.chat.completions.create(response_model=Animal, max_retries=0, **request)
    assert {key: getattr(found, key) for key in WANTED} == WANTED, found


def a_partial_object_grows_over_a_stream():
    for model in checks.MODELS:
        client = openai_client(instructor.Mode.TOOLS)
        pieces = list(client.chat.completions.create_partial(response_model=Animal, model=model, messages=ASK))
        assert pieces[-1].name == "sim" and len(pieces) > 1, pieces


def what_does_not_validate_is_asked_again():
    asked = []

    class Picky(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def second_time(cls, value):
            asked.append(value)
            if len(asked) % 2:
                raise ValueError("say it again")
            return value

    for model in checks.MODELS:
        client = openai_client(instructor.Mode.TOOLS)
        assert client.chat.completions.create(response_model=Picky, model=model, messages=ASK, max_retries=2).name == "sim"
    assert len(asked) == 2 * len(checks.MODELS), asked


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("openai_client", "clients"), CASES)
