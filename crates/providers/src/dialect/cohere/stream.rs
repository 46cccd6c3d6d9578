//! Streamed answers into neutral events.

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
    /// Reads one event's data.
    ///
    /// # Errors
    /// The provider gave up.
    pub(crate) fn read(&mut self, event: &Value, out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        let text = |pointer: &str| text_at(event, pointer).filter(|text| !text.is_empty());
        let choice = 0;
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message-start" => {
                out.push(Event::Start { id: text("/id").unwrap_or_default(), model: String::new() });
            }
            "content-start" | "content-delta" => {
                out.extend(text("/delta/message/content/thinking").map(|text| Event::Thinking { choice, text }));
                out.extend(text("/delta/message/content/text").map(|text| Event::Text { choice, text }));
            }
            "tool-plan-delta" => {
                out.extend(text("/delta/message/tool_plan").map(|text| Event::Thinking { choice, text }));
            }
            "tool-call-start" => {
                let number = self.calls;
                self.calls += 1;
                self.bare = true;
                out.push(Event::Call {
                    choice,
                    number,
                    id: text("/delta/message/tool_calls/id").unwrap_or_else(|| format!("call_{number}")),
                    name: text("/delta/message/tool_calls/function/name").unwrap_or_default(),
                });
                self.arguments(text("/delta/message/tool_calls/function/arguments"), out);
            }
            "tool-call-delta" => self.arguments(text("/delta/message/tool_calls/function/arguments"), out),
            // A call without arguments says nothing of them; to others that would be no JSON.
            "tool-call-end" if self.bare => self.arguments(Some("{}".to_owned()), out),
            "message-end" => {
                if let Some(usage) = event.pointer("/delta/usage") {
                    self.counts = super::counts(usage);
                }
                let word = text("/delta/finish_reason").unwrap_or_default();
                if matches!(word.as_str(), "ERROR" | "TIMEOUT") {
                    let said = text("/delta/error").unwrap_or(word);
                    let error = json!({"error": {"message": said}}).to_string();
                    return Err(StreamFailure::Error(Bytes::from(error)));
                }
                out.push(Event::Stop { choice, stop: super::stop(&word) });
                self.done = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn arguments(&mut self, json: Option<String>, out: &mut Vec<Event>) {
        self.bare &= json.is_none();
        let number = self.calls.saturating_sub(1);
        out.extend(json.map(|json| Event::Arguments { choice: 0, number, json }));
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
    /// `message-end` has come.
    pub(crate) const fn done(&self) -> bool {
        self.done
    }
}
