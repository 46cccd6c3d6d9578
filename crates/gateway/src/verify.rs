//! Whether an answer is good enough for a cascade: a cheap check on what came, in the words of the policy.

use serde::Serialize;
use weir_core::{expr::Scope, policy::Verifier};
use weir_providers::dialect::{openai_chat, text};

use crate::attempt::Served;

/// The error class of an attempt whose answer was not good enough.
pub(crate) const REJECTED: &str = "rejected";

#[derive(Serialize)]
struct Answer {
    text: String,
    finish_reason: String,
    output_tokens: i64,
    json: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprob: Option<f64>,
}

/// Asks the verifier. An answer that it cannot judge, because it has no log probabilities, is not good enough.
pub(crate) fn accepts(accept: &Verifier, served: &Served) -> bool {
    let (body, usage) = match served {
        Served::Plain(body, reply, _) => (&**body, reply.usage),
        Served::Stream(opened) => (&*opened.out, opened.chat.usage(0)),
    };
    let answer = text::answer(body);
    let mut scope = Scope::default();
    scope.set(
        "answer",
        Answer {
            json: serde_json::from_str::<serde::de::IgnoredAny>(&answer.text).is_ok(),
            finish_reason: answer.finish_reason.unwrap_or_default(),
            output_tokens: i64::try_from(usage.output).unwrap_or(i64::MAX),
            logprob: openai_chat::mean_logprob(body),
            text: answer.text,
        },
    );
    accept.expr().holds(&scope)
}
