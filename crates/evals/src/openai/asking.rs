//! How a criterion asks a model: its messages with the templates filled in, how the model is to sample, and a contract
//! that binds the reply to one field.

use serde_json::{Value, json};

use super::template::{Scope, render, unmet};

/// What of a grader's or a run's `sampling_params` is passed on, and the name it has in a chat completion.
const SAMPLING: [(&str, &str); 6] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("seed", "seed"),
    ("max_completion_tokens", "max_completion_tokens"),
    // OpenAI's own spelling, for graders alone.
    ("max_completions_tokens", "max_completion_tokens"),
    ("reasoning_effort", "reasoning_effort"),
];

/// A model and what it is told.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) model: String,
    turns: Vec<Turn>,
    sampling: Value,
}

#[derive(Debug, Clone)]
struct Turn {
    role: String,
    content: String,
}

impl Asking {
    /// Reads the `model`, the `input` and the `sampling_params` of a criterion.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let model = value["model"].as_str().filter(|model| !model.is_empty());
        let model = model.ok_or("`model`: wanted a deployment, or `weir/WORKLOAD`")?.to_owned();
        let turns = value["input"].as_array().ok_or("`input`: wanted a list of messages")?;
        let turns = turns.iter().map(|one| {
            let content = content(&one["content"])?;
            Ok(Turn { role: one["role"].as_str().unwrap_or("user").to_owned(), content })
        });
        Ok(Self { model, turns: turns.collect::<Result<_, String>>()?, sampling: value["sampling_params"].clone() })
    }

    /// The first name of its templates that leads nowhere.
    pub(super) fn unmet(&self, scope: Scope<'_>) -> Option<String> {
        self.turns.iter().find_map(|turn| unmet(&turn.content, scope))
    }

    /// A chat completion bound to one field.
    pub(super) fn request(&self, scope: Scope<'_>, field: &str, property: &Value, wanted: &str) -> Value {
        let told = self.turns.iter().map(|turn| {
            let role = if turn.role == "developer" { "system" } else { &turn.role };
            json!({"role": role, "content": render(&turn.content, scope)})
        });
        let contract = format!("Reply with one JSON object and nothing else: {{\"{field}\": {wanted}}}.");
        let messages: Vec<Value> = told.chain([json!({"role": "system", "content": contract})]).collect();
        let mut request = json!({
            "model": self.model, "messages": messages, "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": {"name": field, "strict": true, "schema": {
                "type": "object", "properties": {field: property}, "required": [field], "additionalProperties": false,
            }}},
        });
        sampled_by(&mut request, &self.sampling);
        request
    }
}

/// Makes a chat completion sample as `sampling_params` say.
pub fn sampled_by(request: &mut Value, sampling: &Value) {
    for (key, name) in SAMPLING {
        let value = &sampling[key];
        if !value.is_null() {
            request[name] = value.clone();
        }
    }
}

/// The text of a message: itself, a part with some text, or a list of such.
///
/// # Errors
/// When a part is a picture or a sound, which no template of text can hold.
pub fn content(content: &Value) -> Result<String, String> {
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => {
            let parts: Result<Vec<String>, String> = parts.iter().map(self::content).collect();
            Ok(parts?.join("\n"))
        }
        part => match part["text"].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("`content`: `{}` is not taken, wanted text", part["type"].as_str().unwrap_or("null"))),
        },
    }
}
