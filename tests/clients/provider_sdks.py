"""Clients of providers whose dialects weir only speaks outwards, against the simulator itself: what they can read is what
weir's adapters are tested with.

Usage: provider_sdks.py SIM_ORIGIN
"""

import base64
import json
import sys

import boto3
import cohere
from botocore.config import Config
from botocore.exceptions import ClientError
from mistralai.client import Mistral

import checks

ORIGIN = sys.argv[1]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTIONS = [{"type": "function", "function": {"name": name, "description": name, "parameters": CITY}} for name in ["get_weather", "get_time"]]
BOTH = "please get_weather and get_time"
CALLS = [("get_weather", {"city": "sim"}), ("get_time", {"city": "sim"})]


def bedrock():
    own = Config(retries={"total_max_attempts": 1}, read_timeout=20)
    keys = {"aws_access_key_id": "SIMKEYID", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    return boto3.client("bedrock-runtime", endpoint_url=ORIGIN + "/bedrock", config=own, **keys)


def user(*content):
    return {"role": "user", "content": list(content)}


def bedrock_converses():
    reply = bedrock().converse(modelId="small", messages=[user({"text": "say hello"})], system=[{"text": "be brief"}])
    assert "I am small" in reply["output"]["message"]["content"][0]["text"] and reply["stopReason"] == "end_turn", reply
    assert reply["usage"]["totalTokens"] == reply["usage"]["inputTokens"] + reply["usage"]["outputTokens"], reply


def bedrock_streams_frames_whose_sums_hold():
    plain = bedrock().converse(modelId="small", messages=[user({"text": "say hello"})])
    events = list(bedrock().converse_stream(modelId="small", messages=[user({"text": "say hello"})])["stream"])
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta["text"] for delta in deltas) == plain["output"]["message"]["content"][0]["text"], events
    assert events[-2]["messageStop"]["stopReason"] == "end_turn" and "usage" in events[-1]["metadata"], events


def bedrock_calls_tools_and_thinks():
    tools = {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": CITY}}} for name, _ in CALLS]}
    ask = {"modelId": "small", "toolConfig": tools, "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}
    turns = [user({"text": BOTH})]
    message = bedrock().converse(messages=turns, **ask)["output"]["message"]
    used = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    assert [(use["name"], use["input"]) for use in used] == CALLS, message
    assert message["content"][0]["reasoningContent"]["reasoningText"]["signature"], message
    results = [{"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "fine"}]}} for use in used]
    after = bedrock().converse(messages=[*turns, message, user(*results)], **ask)
    assert after["stopReason"] == "end_turn", after
    pieces = {}
    for event in bedrock().converse_stream(messages=turns, **ask)["stream"]:
        delta = event.get("contentBlockDelta", {})
        if "toolUse" in delta.get("delta", {}):
            index = delta["contentBlockIndex"]
            pieces[index] = pieces.get(index, "") + delta["delta"]["toolUse"]["input"]
    assert [json.loads(piece) for piece in pieces.values()] == [{"city": "sim"}] * 2, pieces


def bedrock_invokes_claude_plain_and_streamed():
    ask = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "say hello"}]}
    plain = json.loads(bedrock().invoke_model(modelId="small", body=json.dumps(ask))["body"].read())
    assert "I am small" in plain["content"][0]["text"] and plain["stop_reason"] == "end_turn", plain
    stream = bedrock().invoke_model_with_response_stream(modelId="small", body=json.dumps(ask))["body"]
    events = [json.loads(event["chunk"]["bytes"]) for event in stream]
    text = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    assert text == plain["content"][0]["text"] and events[-1]["type"] == "message_stop", events


def bedrock_reads_images_and_documents():
    image = {"image": {"format": "png", "source": {"bytes": base64.b64decode(checks.PIXEL)}}}
    document = {"document": {"format": "pdf", "name": "paper", "source": {"bytes": b"%PDF-"}}}
    reply = bedrock().converse(modelId="small", messages=[user(image, document, {"text": "what is it"})])
    assert "2 files" in reply["output"]["message"]["content"][0]["text"], reply


def bedrocks_errors_have_their_names():
    for model, messages, name in [("none", [user({"text": "x"})], "ResourceNotFoundException"), ("small", [user()], "ValidationException")]:
        try:
            bedrock().converse(modelId=model, messages=messages)
        except ClientError as found:
            assert found.response["Error"]["Code"] == name, found
        else:
            raise AssertionError("no error")


def mistral_chats_streams_and_calls_tools():
    client = Mistral(api_key="none", server_url=ORIGIN + "/mistral")
    ask = {"model": "small", "messages": [{"role": "user", "content": "say hello"}]}
    plain = client.chat.complete(**ask)
    streamed = [event.data for event in client.chat.stream(**ask)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices) == plain.choices[0].message.content
    called = client.chat.complete(model="small", messages=[{"role": "user", "content": BOTH}], tools=FUNCTIONS, tool_choice="any")
    calls = called.choices[0].message.tool_calls
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == CALLS, called
    results = [{"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": "fine"} for call in calls]
    turns = [{"role": "user", "content": BOTH}, called.choices[0].message, *results]
    assert client.chat.complete(model="small", messages=turns, tools=FUNCTIONS).choices[0].message.content


def cohere_chats_streams_and_calls_tools():
    client = cohere.ClientV2(api_key="none", base_url=ORIGIN + "/cohere")
    ask = {"model": "small", "messages": [{"role": "user", "content": "say hello"}]}
    plain = client.chat(**ask)
    events = list(client.chat_stream(**ask))
    text = "".join(event.delta.message.content.text for event in events if event.type == "content-delta")
    assert text == plain.message.content[0].text and plain.finish_reason == "COMPLETE", (text, plain)
    assert events[-1].type == "message-end" and events[-1].delta.usage.tokens.output_tokens > 0, events[-1]
    called = client.chat(model="small", messages=[{"role": "user", "content": BOTH}], tools=FUNCTIONS)
    assert [(call.function.name, json.loads(call.function.arguments)) for call in called.message.tool_calls] == CALLS, called
    pieces = [event for event in client.chat_stream(model="small", messages=[{"role": "user", "content": BOTH}], tools=FUNCTIONS)]
    arguments = "".join(event.delta.message.tool_calls.function.arguments for event in pieces if event.type == "tool-call-delta")
    assert arguments == '{"city":"sim"}' * 2, arguments


if __name__ == "__main__":
    checks.run(sys.modules[__name__], ("bedrock", "user"))
