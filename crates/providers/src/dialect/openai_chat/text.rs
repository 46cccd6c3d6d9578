//! Requests and answers as scorers read them: roles and plain text. Every answer is read twice here, so nothing is built
//! that is not asked for; a member of another type than expected counts as absent.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use weir_core::chat::{Answer, Message, Role, ToolCall};

use crate::sse::Reader;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    messages: Vec<Turn>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Turn {
    role: Text,
    content: Text,
    refusal: Text,
    tool_calls: Lenient<Vec<Lenient<Piece>>>,
}

/// A tool call, or in a stream a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece {
    index: usize,
    function: Function,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function {
    name: Text,
    arguments: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Logprobs {
    content: Lenient<Vec<Lenient<Token>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Token {
    logprob: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    choices: Vec<Choice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    index: u64,
    message: Option<Turn>,
    delta: Option<Turn>,
    finish_reason: Text,
    logprobs: Lenient<Logprobs>,
}

impl Choice {
    fn logprobs(&mut self) -> impl Iterator<Item = f64> + use<> {
        let tokens = std::mem::take(&mut self.logprobs).0.content.0;
        tokens.into_iter().filter_map(|token| token.0.logprob)
    }
}

/// The conversation of a request; empty when the body cannot be read. Text parts are joined by newlines.
#[must_use]
pub fn messages(body: &[u8]) -> Vec<Message> {
    let request: Request = serde_json::from_slice(body).unwrap_or_default();
    let turns = request.messages.into_iter();
    turns
        .map(|turn| Message {
            role: match turn.role.0.as_deref() {
                Some("system" | "developer") => Role::System,
                Some("assistant") => Role::Assistant,
                Some("tool" | "function") => Role::Tool,
                _ => Role::User,
            },
            content: turn.content.0.unwrap_or_default(),
        })
        .collect()
}

/// The answer in a reply: a JSON body, or the recorded text of a stream. Empty when neither can be read.
#[must_use]
pub fn answer(body: &[u8]) -> Answer {
    if body.trim_ascii_start().starts_with(b"{") {
        let reply: Reply = serde_json::from_slice(body).unwrap_or_default();
        let mut choice = reply.choices.into_iter().next().unwrap_or_default();
        let logprobs = choice.logprobs().collect();
        let message = choice.message.unwrap_or_default();
        return Answer {
            text: message.content.0.unwrap_or_default(),
            finish_reason: choice.finish_reason.0,
            refusal: message.refusal.0,
            tool_calls: message.tool_calls.0.into_iter().take(MOST_CALLS).map(|call| call.0.whole()).collect(),
            logprobs,
        };
    }
    streamed(body)
}

/// Mean log probability of the first choice's tokens; `None` where the answer has none, as streams here do.
#[must_use]
pub fn mean_logprob(body: &[u8]) -> Option<f64> {
    let reply: serde_json::Value = serde_json::from_slice(body).ok()?;
    let tokens = reply.pointer("/choices/0/logprobs/content")?.as_array()?;
    let sum: f64 =
        tokens.iter().map(|token| token.get("logprob").and_then(serde_json::Value::as_f64)).sum::<Option<f64>>()?;
    (!tokens.is_empty()).then(|| sum / tokens.len() as f64)
}

fn streamed(body: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let mut refusal = String::new();
    let mut reader = Reader::new();
    reader.push(body);
    let mut take = |data: &[u8]| {
        let chunk: Reply = serde_json::from_slice(data).unwrap_or_default();
        // Only the first choice is scored, as in a whole reply.
        for mut choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            answer.logprobs.extend(choice.logprobs());
            let delta = choice.delta.unwrap_or_default();
            answer.text.push_str(delta.content.0.as_deref().unwrap_or_default());
            refusal.push_str(delta.refusal.0.as_deref().unwrap_or_default());
            for piece in delta.tool_calls.0 {
                piece.0.add_to(&mut answer.tool_calls);
            }
            if choice.finish_reason.0.is_some() {
                answer.finish_reason = choice.finish_reason.0;
            }
        }
    };
    while let Ok(Some(event)) = reader.next_event() {
        take(&event.data());
    }
    if let Some(event) = reader.residue() {
        take(&event.data());
    }
    answer.refusal = (!refusal.is_empty()).then_some(refusal);
    answer
}

/// Tool calls of one answer that are read; the place of a call in a stream is the provider's word.
const MOST_CALLS: usize = 1000;

impl Piece {
    fn whole(self) -> ToolCall {
        ToolCall {
            name: self.function.name.0.unwrap_or_default(),
            arguments: self.function.arguments.0.unwrap_or_default(),
        }
    }

    /// A stream names a call's place in each piece and adds to its arguments.
    fn add_to(self, known: &mut Vec<ToolCall>) {
        if self.index >= MOST_CALLS {
            return;
        }
        if known.len() <= self.index {
            known.resize_with(self.index + 1, ToolCall::default);
        }
        if let Some(call) = known.get_mut(self.index) {
            call.name.push_str(self.function.name.0.as_deref().unwrap_or_default());
            call.arguments.push_str(self.function.arguments.0.as_deref().unwrap_or_default());
        }
    }
}

/// The value, or its default where something else stands in its place.
#[derive(Debug, Default)]
struct Lenient<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Known(T),
            Unknown(IgnoredAny),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Known(value) => Self(value),
            Either::Unknown(_) => Self::default(),
        })
    }
}

/// A string, or the texts of a list of parts joined by newlines; `None` for anything else.
#[derive(Debug, Default)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything).map(Self)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut whole: Option<String> = None;
        while let Some(part) = parts.next_element()? {
            let Part::Known { text: Text(Some(part)) } = part else {
                continue;
            };
            match &mut whole {
                Some(whole) => {
                    whole.push('\n');
                    whole.push_str(&part);
                }
                None => whole = Some(part),
            }
        }
        Ok(Some(whole.unwrap_or_default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// One part of a message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Known {
        #[serde(default)]
        text: Text,
    },
    Unknown(IgnoredAny),
}
