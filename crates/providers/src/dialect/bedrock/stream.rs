//! Streamed answers into neutral events. An event comes as an object whose only member is named by the frame's event type.
//! The reason to stop comes before the count of tokens, and only the latter is the end.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    chat::Event,
    dialect::{usage::Counts, value::text_at},
    stream::StreamFailure,
};

/// Reads events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    counts: Counts,
    /// Calls begun.
    calls: u64,
    /// The call under way has no arguments yet.
    bare: bool,
    done: bool,
}

impl Decoder {
    /// Reads one event.
    ///
    /// # Errors
    /// The event is an exception.
    pub(crate) fn read(&mut self, event: &Value, out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        let text = |pointer: &str| text_at(event, pointer).filter(|text| !text.is_empty());
        let choice = 0;
        let Some((name, body)) = event.as_object().and_then(|members| members.iter().next()) else { return Ok(()) };
        match name.as_str() {
            "messageStart" => out.push(Event::Start { id: String::new(), model: String::new() }),
            "contentBlockStart" => {
                if let Some(name) = text("/contentBlockStart/start/toolUse/name") {
                    let number = self.calls;
                    self.calls += 1;
                    self.bare = true;
                    let id = text("/contentBlockStart/start/toolUse/toolUseId").unwrap_or_default();
                    out.push(Event::Call { choice, number, id, name });
                }
            }
            "contentBlockDelta" => {
                let delta = |key: &str| text(&format!("/contentBlockDelta/delta/{key}"));
                let number = self.calls.saturating_sub(1);
                out.extend(delta("text").map(|text| Event::Text { choice, text }));
                if let Some(json) = delta("toolUse/input") {
                    self.bare = false;
                    out.push(Event::Arguments { choice, number, json });
                }
                out.extend(delta("reasoningContent/text").map(|text| Event::Thinking { choice, text }));
                let signature = delta("reasoningContent/signature");
                out.extend(signature.map(|signature| Event::Signature { choice, signature }));
                let data = delta("reasoningContent/redactedContent");
                out.extend(data.map(|data| Event::Redacted { choice, data }));
            }
            // A call without arguments says nothing of them; to others that would be no JSON.
            "contentBlockStop" if std::mem::take(&mut self.bare) => {
                out.push(Event::Arguments { choice, number: self.calls.saturating_sub(1), json: "{}".to_owned() });
            }
            "messageStop" => {
                let word = text("/messageStop/stopReason").unwrap_or_default();
                if super::is_failure(&word) {
                    return Err(StreamFailure::ended_with(&word));
                }
                out.push(Event::Stop { choice, stop: super::stop(&word) });
            }
            "metadata" => {
                if let Some(usage) = body.get("usage") {
                    self.counts = super::counts(usage);
                }
                self.done = true;
            }
            exception if exception.ends_with("Exception") => {
                let said = body.get("message").and_then(Value::as_str).unwrap_or(exception);
                let error = json!({"error": {"type": kind(exception), "message": said}});
                return Err(StreamFailure::Error(Bytes::from(error.to_string())));
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
    /// The count of tokens has come.
    pub(crate) const fn done(&self) -> bool {
        self.done
    }
}

/// An exception in the words that failures are sorted by.
pub(super) fn kind(exception: &str) -> &'static str {
    match exception {
        "throttlingException" | "ThrottlingException" => "rate_limit_error",
        "validationException" => "invalid_request_error",
        _ => "server_error",
    }
}
