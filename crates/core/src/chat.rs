//! A conversation as scorers and datasets see it: roles and text. The gateway never rebuilds a request from this;
//! it forwards the caller's own bytes.

use serde::{Deserialize, Serialize};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Operator instructions; `developer` in newer dialects.
    #[serde(alias = "developer")]
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// Its text; text parts are joined by newlines.
    pub content: String,
}

/// What a model answered, as scorers read it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// The visible text; empty when the model only called tools.
    pub text: String,
    /// Why it stopped, in the dialect's own word.
    #[serde(default)]
    pub finish_reason: Option<String>,
    /// The model's refusal, where the dialect tells it apart.
    #[serde(default)]
    pub refusal: Option<String>,
    /// The tools it called, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Natural logarithm of the probability of each token, where the provider gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<f64>,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolCall {
    /// Which tool.
    pub name: String,
    /// Its arguments as the model wrote them, JSON text.
    #[serde(default)]
    pub arguments: String,
}
