//! Requests and answers as scorers read them: roles and plain text, whatever dialect was recorded. The dialects are told
//! apart by their shape, so that a stored text says all there is to know. OpenAI chat has a reader of its own, because most
//! answers are its; the others go through value trees.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use weir_core::chat::{Answer, Message, Role, ToolCall};

use super::{
    openai_chat,
    value::{text, text_at},
};
use crate::sse::Reader;

/// Members that OpenAI chat does not have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Foreign {
    system: Option<IgnoredAny>,
    contents: Option<IgnoredAny>,
    input: Option<IgnoredAny>,
}

/// The conversation of a request; empty when the body cannot be read. Text parts are joined by newlines.
#[must_use]
pub fn messages(body: &[u8]) -> Vec<Message> {
    let foreign: Foreign = serde_json::from_slice(body).unwrap_or_default();
    let chat = foreign.system.is_none() && foreign.contents.is_none() && foreign.input.is_none();
    if chat && memchr::memmem::find(body, b"\"tool_result\"").is_none() {
        return openai_chat::messages(body);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut out = Vec::new();
    for key in ["system", "systemInstruction", "system_instruction", "instructions"] {
        let text = content(request.get(key));
        if !text.is_empty() {
            out.push(Message { role: Role::System, content: text });
        }
    }
    if let Some(Value::String(text)) = request.get("input") {
        out.push(Message { role: Role::User, content: text.clone() });
    }
    let turns = ["messages", "contents", "input"].iter().find_map(|key| request.get(key)?.as_array());
    for turn in turns.into_iter().flatten() {
        read_turn(turn, &mut out);
    }
    out
}

fn read_turn(turn: &Value, out: &mut Vec<Message>) {
    if turn.get("type").and_then(Value::as_str) == Some("function_call_output") {
        out.push(Message { role: Role::Tool, content: content(turn.get("output")) });
        return;
    }
    let role = match turn.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => Role::System,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool" | "function") => Role::Tool,
        _ => Role::User,
    };
    // Anthropic and Gemini put results of tools into what the user says.
    let parts = turn.get("content").or_else(|| turn.get("parts"));
    for part in parts.and_then(Value::as_array).into_iter().flatten() {
        let result = match part.get("type").and_then(Value::as_str) {
            Some("tool_result") => content(part.get("content")),
            _ => part.pointer("/functionResponse/response").map(Value::to_string).unwrap_or_default(),
        };
        if !result.is_empty() {
            out.push(Message { role: Role::Tool, content: result });
        }
    }
    let said = content(parts);
    let only_results = said.is_empty() && out.last().is_some_and(|last| last.role == Role::Tool) && role == Role::User;
    if !only_results {
        out.push(Message { role, content: said });
    }
}

/// The answer in a reply: a JSON body, or the recorded text of a stream. Empty when neither can be read.
#[must_use]
pub fn answer(body: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let start = body.trim_ascii_start();
    if start.starts_with(b"{") {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Chat {
            choices: Option<IgnoredAny>,
        }
        if serde_json::from_slice::<Chat>(body).is_ok_and(|chat| chat.choices.is_some()) {
            return openai_chat::answer(body);
        }
        read_whole(&serde_json::from_slice(body).unwrap_or_default(), &mut answer);
    } else if start.starts_with(b"[") {
        // Gemini's stream without `alt=sse`.
        let pieces: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
        pieces.iter().for_each(|piece| read_piece(piece, &mut answer));
    } else if memchr::memmem::find(body, b"\"choices\"").is_some() {
        // Inside a JSON string these quotes would be escaped.
        return openai_chat::answer(body);
    } else {
        let mut reader = Reader::new();
        reader.push(body);
        let mut take = |data: &[u8]| read_piece(&serde_json::from_slice(data).unwrap_or_default(), &mut answer);
        while let Ok(Some(event)) = reader.next_event() {
            take(&event.data());
        }
        if let Some(event) = reader.residue() {
            take(&event.data());
        }
    }
    answer
}

/// A whole reply. Only the first choice is scored.
fn read_whole(reply: &Value, answer: &mut Answer) {
    if reply.get("candidates").is_some() {
        read_piece(reply, answer);
    } else if let Some(output) = reply.get("output").and_then(Value::as_array) {
        for item in output {
            read_item(item, answer);
        }
        answer.finish_reason = text(reply, "status");
    } else if let Some(Value::Array(blocks)) = reply.get("content") {
        answer.text = content(reply.get("content"));
        for block in blocks.iter().filter(|block| block.get("type").and_then(Value::as_str) == Some("tool_use")) {
            let arguments = block.get("input").map(Value::to_string).unwrap_or_default();
            call(text(block, "name"), arguments, answer);
        }
        answer.finish_reason = text(reply, "stop_reason");
    }
}

/// One item of OpenAI's responses.
fn read_item(item: &Value, answer: &mut Answer) {
    if let Some("function_call") = item.get("type").and_then(Value::as_str) {
        call(text(item, "name"), text(item, "arguments").unwrap_or_default(), answer);
    }
    for part in item.get("content").and_then(Value::as_array).into_iter().flatten() {
        if part.get("type").and_then(Value::as_str) == Some("output_text") {
            answer.text.push_str(&text(part, "text").unwrap_or_default());
        }
        answer.refusal = text(part, "refusal").or(answer.refusal.take());
    }
}

/// One event of a stream.
fn read_piece(event: &Value, answer: &mut Answer) {
    if let Some(candidate) = event.pointer("/candidates/0") {
        for part in candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
            if part.get("thought").and_then(Value::as_bool) != Some(true) {
                answer.text.push_str(&text(part, "text").unwrap_or_default());
            }
            if let Some(made) = part.get("functionCall") {
                call(text(made, "name"), made.get("args").map(Value::to_string).unwrap_or_default(), answer);
            }
        }
        answer.finish_reason = text(candidate, "finishReason").or(answer.finish_reason.take());
    }
    let inner = |pointer: &str| text_at(event, pointer);
    match event.get("type").and_then(Value::as_str) {
        Some("content_block_start") if inner("/content_block/type").as_deref() == Some("tool_use") => {
            call(inner("/content_block/name"), String::new(), answer);
        }
        Some("content_block_delta") => {
            answer.text.push_str(&inner("/delta/text").unwrap_or_default());
            if let (Some(json), Some(call)) = (inner("/delta/partial_json"), answer.tool_calls.last_mut()) {
                call.arguments.push_str(&json);
            }
        }
        Some("message_delta") => {
            answer.finish_reason = inner("/delta/stop_reason").or(answer.finish_reason.take());
        }
        // The last event of OpenAI's responses holds the whole answer.
        Some("response.completed" | "response.incomplete") => {
            read_whole(event.get("response").unwrap_or(&Value::Null), answer);
        }
        _ => {}
    }
}

/// Tool calls of one answer that are read.
const MOST_CALLS: usize = 1000;

fn call(name: Option<String>, arguments: String, answer: &mut Answer) {
    if answer.tool_calls.len() < MOST_CALLS {
        answer.tool_calls.push(ToolCall { name: name.unwrap_or_default(), arguments });
    }
}

/// Text, or the texts among parts; thoughts are not said.
fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let said = parts.iter().filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true));
            said.filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        Some(Value::Object(_)) => content(value.and_then(|value| value.get("parts"))),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_conversation_reads_the_same_in_every_dialect() {
        let said = |body: &str| -> Vec<(Role, String)> {
            messages(body.as_bytes()).into_iter().map(|message| (message.role, message.content)).collect()
        };
        let want = [(Role::System, "be brief"), (Role::User, "hi"), (Role::Assistant, "hello"), (Role::Tool, "4")];
        let want: Vec<_> = want.into_iter().map(|(role, text)| (role, text.to_owned())).collect();
        for body in [
            r#"{"messages":[{"role":"developer","content":"be brief"},{"role":"user","content":"hi"},
                {"role":"assistant","content":[{"type":"text","text":"hello"}]},{"role":"tool","content":"4"}]}"#,
            r#"{"system":[{"type":"text","text":"be brief"}],"messages":[{"role":"user","content":"hi"},
                {"role":"assistant","content":"hello"},
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"4"}]}]}"#,
            r#"{"systemInstruction":{"parts":[{"text":"be brief"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]},
                {"role":"model","parts":[{"text":"why","thought":true},{"text":"hello"}]},
                {"role":"user","parts":[{"functionResponse":{"name":"f","response":4}}]}]}"#,
            r#"{"instructions":"be brief","input":[{"role":"user","content":"hi"},
                {"type":"message","role":"assistant","content":[{"type":"output_text","text":"hello"}]},
                {"type":"function_call_output","call_id":"a","output":"4"}]}"#,
        ] {
            assert_eq!(said(body), want, "{body}");
        }
    }

    #[test]
    fn one_answer_reads_the_same_in_every_dialect_plain_and_streamed() {
        for body in [
            r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}"#,
            r#"{"type":"message","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"hello"}],"stop_reason":"stop"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"hello"}]},"finishReason":"stop"}]}"#,
            r#"{"object":"response","status":"stop","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}"#,
            "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"hello\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"stop\"}}\n\n",
            "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hel\"}]}}]},{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"stop\"}]}]",
        ] {
            let answer = answer(body.as_bytes());
            assert_eq!((answer.text.as_str(), answer.finish_reason.as_deref()), ("hello", Some("stop")), "{body}");
        }
    }
}
