//! One item, in the canonical form and in memory.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use weir_core::chat::{Message, Role};

use crate::{
    canonical::{canonical_json, input_hash, text_hash},
    exchange::{ExpectedTool, Reference},
};

/// Characters of [`Item::about`], before the dots.
const ABOUT_CHARS: usize = 80;

/// One item of a dataset. Serialises to a line of the canonical form and back without loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Unique in its dataset; 16 hex digits of the hash of the input where none was given.
    #[serde(default)]
    pub id: String,
    /// The conversation to answer; at least one message.
    #[serde(deserialize_with = "read_input", serialize_with = "write_input")]
    pub input: Vec<Message>,
    /// The right answer. `{"text": …}` and `{"json": …}` are read as what they hold.
    #[serde(default, deserialize_with = "read_expected", skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// Passages the answer should rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// What a good answer must do, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// The tools that a good answer calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_tools: Option<Vec<ExpectedTool>>,
    /// The workload whose traffic it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Free words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Items of one cluster (a conversation, a user, a template) always share a split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The part of the dataset it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Its weight in means; finite and over 0.
    #[serde(default = "unit", deserialize_with = "read_weight", skip_serializing_if = "is_unit")]
    pub weight: f64,
    /// Tools that were offered with the input, as they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    /// What people said of answers to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Value>,
    /// The request it was made from: trace, span, time, and with which probability it was picked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub source: Map<String, Value>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Item {
    /// An item with this input and nothing else; its id is the hash of the input.
    #[must_use]
    pub fn new(input: Vec<Message>) -> Self {
        let mut item = Self {
            id: String::new(),
            input,
            expected: None,
            context: Vec::new(),
            criteria: None,
            expected_tools: None,
            workload: None,
            tags: Vec::new(),
            cluster: None,
            split: None,
            weight: 1.0,
            tools: Vec::new(),
            labels: Vec::new(),
            source: Map::new(),
            metadata: Map::new(),
        };
        item.name();
        item
    }

    /// Gives an item without an id one.
    pub(crate) fn name(&mut self) {
        if self.id.trim().is_empty() {
            self.id = self.own_id();
        }
    }

    /// The id of an item that was given none.
    pub(crate) fn own_id(&self) -> String {
        self.input_hash().chars().take(16).collect()
    }

    /// Hash of the whole item, 32 hex digits. Key order and spelling of the file do not count.
    #[must_use]
    pub fn hash(&self) -> String {
        // Serialising a plain data type cannot fail; the debug text keeps even that case distinct.
        let value = serde_json::to_value(self).unwrap_or_else(|_| Value::String(format!("{self:?}")));
        text_hash(&canonical_json(&value), 32)
    }

    /// [`input_hash`] of its conversation: what joins it with live traffic.
    #[must_use]
    pub fn input_hash(&self) -> String {
        input_hash(&self.input)
    }

    /// What a reader knows it by: the first words of what the user says last, on one line.
    #[must_use]
    pub fn about(&self) -> String {
        let asked = self.input.iter().rev().find(|message| message.role == Role::User).or(self.input.last());
        let words = asked.map_or("", |message| message.content.as_str()).split_whitespace();
        let mut about = String::new();
        for word in words {
            if !about.is_empty() {
                about.push(' ');
            }
            about.push_str(word);
            if about.chars().count() > ABOUT_CHARS {
                let mut cut: String = about.chars().take(ABOUT_CHARS).collect();
                cut.push('…');
                return cut;
            }
        }
        about
    }

    /// What scorers need of it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference {
            expected: self.expected.clone(),
            context: self.context.clone(),
            criteria: self.criteria.clone(),
            expected_tools: self.expected_tools.clone(),
            baseline: None,
        }
    }

    /// The expected answer as a model would write it.
    #[must_use]
    pub fn expected_text(&self) -> Option<String> {
        self.expected.as_ref().map(crate::exchange::as_text)
    }
}

const fn unit() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
fn is_unit(weight: &f64) -> bool {
    (*weight - 1.0).abs() < f64::EPSILON
}

fn read_weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let weight = f64::deserialize(deserializer)?;
    if weight.is_finite() && weight > 0.0 {
        Ok(weight)
    } else {
        Err(serde::de::Error::custom(format!("`weight`: found {weight}, wanted a number over 0")))
    }
}

fn read_input<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Message>, D::Error> {
    input_from(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn write_input<S: Serializer>(input: &[Message], serializer: S) -> Result<S::Ok, S::Error> {
    json!({ "messages": input }).serialize(serializer)
}

fn read_expected<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(expected_from(Value::deserialize(deserializer)?))
}

/// A conversation from a text, a list of messages or `{messages: […]}`.
pub(crate) fn input_from(value: &Value) -> Result<Vec<Message>, String> {
    let messages = match value {
        Value::String(text) => vec![Message { role: Role::User, content: text.clone() }],
        Value::Array(messages) => messages.iter().map(message_from).collect::<Result<_, _>>()?,
        Value::Object(fields) => match fields.get("messages") {
            Some(Value::Array(messages)) => messages.iter().map(message_from).collect::<Result<_, _>>()?,
            _ => return Err("`input` has no list `messages`".into()),
        },
        Value::Number(_) | Value::Bool(_) => vec![Message { role: Role::User, content: value.to_string() }],
        Value::Null => return Err("`input` is missing".into()),
    };
    if messages.iter().all(|message| message.content.trim().is_empty()) {
        return Err("`input` is empty".into());
    }
    Ok(messages)
}

/// A message whose content is a text or a list of text parts, which are joined by line breaks.
fn message_from(value: &Value) -> Result<Message, String> {
    let role = value.get("role").cloned().ok_or("a message of `input` has no `role`")?;
    let role: Role = serde_json::from_value(role).map_err(|error| format!("`role` of a message: {error}"))?;
    let content = match value.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        None | Some(Value::Null) => String::new(),
        Some(_) => {
            return Err("`content` of a message is neither a text nor a list of parts".into());
        }
    };
    Ok(Message { role, content })
}

/// An expected answer without its wrapper; null is none.
pub(crate) fn expected_from(value: Value) -> Option<Value> {
    let unwrapped = match &value {
        Value::Object(fields) if fields.len() == 1 => match (fields.get("text"), fields.get("json")) {
            (Some(text @ Value::String(_)), _) => Some(text.clone()),
            (_, Some(json)) => Some(json.clone()),
            _ => None,
        },
        _ => None,
    };
    Some(unwrapped.unwrap_or(value)).filter(|value| !value.is_null())
}
