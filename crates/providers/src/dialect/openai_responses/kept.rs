//! Stored responses: what a request asks of the store, the request with its conversation written out, and what a stored
//! answer says of itself. Whoever answers gets the whole conversation, and keeps none of it.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::dialect::{
    bad::BadRequest,
    read::{Obj, kind},
    value,
};

/// A request whose answer is to be stored, or that goes on from one that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    document: Map<String, Value>,
    input: Vec<Value>,
    store: bool,
    previous: Option<String>,
}

/// What a stored answer says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its id, by which the conversation goes on.
    pub id: String,
    /// The answer before it.
    pub previous: Option<String>,
    /// It can be fetched again.
    pub stored: bool,
    /// What the request said that the answer repeats.
    pub repeated: Map<String, Value>,
}

/// What answers repeat of their requests.
const REPEATED: [&str; 13] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
];

impl Ask {
    /// Reads what a request asks of the store; `None` when that is nothing.
    ///
    /// # Errors
    /// The first place that is not of this dialect.
    pub fn read(body: &[u8]) -> Result<Option<Self>, BadRequest> {
        if asks_nothing(body) {
            return Ok(None);
        }
        let whole = value::parse(body)?;
        if !whole.is_object() {
            return Ok(None); // Whoever reads the whole request says what is wrong.
        }
        let top = Obj::of(&whole, "$")?;
        let store = top.flag("store")?.unwrap_or(true);
        let previous = top.owned("previous_response_id")?;
        if top.flag("background")?.unwrap_or(false) {
            return Err(BadRequest::new(top.at("background"), "true", "false: weir answers while the caller waits"));
        }
        let input = match top.get("input") {
            None => Vec::new(),
            Some(Value::String(text)) => {
                let part = json!({"type": "input_text", "text": text});
                vec![json!({"type": "message", "role": "user", "content": [part]})]
            }
            Some(Value::Array(items)) => items.clone(),
            Some(other) => {
                return Err(BadRequest::new(top.at("input"), kind(other), "a string or an array of items"));
            }
        };
        if !store && previous.is_none() && !input.iter().any(|item| reference(item).is_some()) {
            return Ok(None);
        }
        let Value::Object(document) = whole else { return Ok(None) };
        Ok(Some(Self { document, input, store, previous }))
    }

    /// The answer is to be stored.
    #[must_use]
    pub const fn store(&self) -> bool {
        self.store
    }

    /// The answer that this goes on from.
    #[must_use]
    pub fn previous(&self) -> Option<&str> {
        self.previous.as_deref()
    }

    /// Items that are named and not written out, with their places.
    #[must_use]
    pub fn references(&self) -> Vec<(usize, String)> {
        let named = |(place, item)| Some((place, reference(item)?.to_owned()));
        self.input.iter().enumerate().filter_map(named).collect()
    }

    /// Writes a named item out.
    pub fn resolve(&mut self, place: usize, item: Value) {
        if let Some(named) = self.input.get_mut(place) {
            *named = item;
        }
    }

    /// What this request adds to the conversation, each with an id; those that have none get one of `prefix`.
    pub fn name_input(&self, prefix: &str) -> Vec<(String, Value)> {
        let named = self.input.iter().enumerate().map(|(place, item)| {
            let mut item = item.clone();
            let id = match item.get("id").and_then(Value::as_str) {
                Some(id) => id.to_owned(),
                None => format!("msg_{prefix}_i{place}"),
            };
            if let Some(members) = item.as_object_mut() {
                members.insert("id".into(), id.clone().into());
                members.entry("type").or_insert_with(|| "message".into());
                if let Some(Value::String(text)) = members.get("content") {
                    let kind = if members.get("role").is_some_and(|role| role == "assistant") {
                        "output_text"
                    } else {
                        "input_text"
                    };
                    let part = json!([{"type": kind, "text": text}]);
                    members.insert("content".into(), part);
                }
            }
            (id, item)
        });
        named.collect()
    }

    /// What the answer says of itself under this id.
    #[must_use]
    pub fn label(&self, id: String) -> Label {
        let said = |name: &&str| Some(((*name).to_owned(), self.document.get(*name)?.clone()));
        Label {
            id,
            previous: self.previous.clone(),
            stored: self.store,
            repeated: REPEATED.iter().filter_map(said).filter(|(_, value)| !value.is_null()).collect(),
        }
    }

    /// The request as whoever answers gets it: after `history`, and stored nowhere else. Thoughts come back readable where
    /// the request says how to think, as they could not be sent again otherwise.
    #[must_use]
    pub fn complete(self, history: Vec<Value>) -> Bytes {
        let Self { mut document, input, .. } = self;
        let items = history.into_iter().filter(|item| !is_unreadable(item)).chain(input).map(sendable);
        document.insert("input".into(), items.collect());
        document.shift_remove("previous_response_id");
        document.insert("store".into(), false.into());
        if document.get("reasoning").is_some_and(Value::is_object) {
            let include = document.entry("include").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(names) = include
                && !names.iter().any(|name| name == ENCRYPTED)
            {
                names.push(ENCRYPTED.into());
            }
        }
        Value::Object(document).to_string().into()
    }
}

/// True of a request that says so at first sight, without building its tree.
fn asks_nothing(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Top {
        store: Option<bool>,
        previous_response_id: Option<IgnoredAny>,
        background: Option<IgnoredAny>,
    }
    let top = serde_json::from_slice::<Top>(body);
    top.is_ok_and(|top| top.store == Some(false) && top.previous_response_id.is_none() && top.background.is_none())
        && memchr::memmem::find(body, b"item_reference").is_none()
}

const ENCRYPTED: &str = "reasoning.encrypted_content";

/// The id of an item that is only named.
fn reference(item: &Value) -> Option<&str> {
    let named = item.get("type").is_some_and(|kind| kind == "item_reference");
    item.get("id").filter(|_| named || item.as_object().is_some_and(|members| members.len() == 1))?.as_str()
}

/// A thought whose provider kept what it would need to go on from it.
fn is_unreadable(item: &Value) -> bool {
    let signed = item.get("encrypted_content").is_some_and(Value::is_string);
    item.get("type").is_some_and(|kind| kind == "reasoning") && !signed
}

/// An item without what only its store knows: providers take the ids of items that they keep themselves.
fn sendable(mut item: Value) -> Value {
    let kind = item.get("type").and_then(Value::as_str).unwrap_or("message");
    let nameless = matches!(kind, "message" | "function_call" | "function_call_output");
    if let Some(members) = item.as_object_mut().filter(|_| nameless) {
        members.shift_remove("id");
    }
    item
}

impl Label {
    /// Writes it on an answer; one that weir has `made` from another dialect knows nothing of its request.
    pub fn stamp(&self, response: &mut Value, made: bool) {
        let Some(members) = response.as_object_mut() else { return };
        if made {
            members.extend(self.repeated.clone());
        }
        members.insert("id".into(), self.id.clone().into());
        members.insert("previous_response_id".into(), self.previous.clone().into());
        members.insert("store".into(), self.stored.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: Value) -> Option<Ask> {
        Ask::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_request_is_stored_unless_it_says_otherwise() {
        assert!(ask(json!({"model": "m", "input": "hi"})).unwrap().store());
        assert_eq!(ask(json!({"model": "m", "input": "hi", "store": false})), None);
        let goes_on = ask(json!({"input": "hi", "store": false, "previous_response_id": "resp_1"})).unwrap();
        assert_eq!((goes_on.store(), goes_on.previous()), (false, Some("resp_1")));
        for (body, path) in [
            (json!({"store": 1}), "$.store"),
            (json!({"previous_response_id": 1}), "$.previous_response_id"),
            (json!({"input": 7}), "$.input"),
            (json!({"background": true}), "$.background"),
        ] {
            assert_eq!(Ask::read(body.to_string().as_bytes()).unwrap_err().path, path);
        }
    }

    #[test]
    fn whoever_answers_gets_the_whole_conversation_and_keeps_none() {
        let mut asked = ask(json!({
            "model": "m", "previous_response_id": "resp_1", "reasoning": {"effort": "low"}, "unknown": 1.5,
            "input": [{"type": "item_reference", "id": "msg_1"}, {"role": "user", "content": "more"}],
        }))
        .unwrap();
        assert_eq!(asked.references(), [(0, "msg_1".to_owned())]);
        asked.resolve(0, json!({"type": "message", "id": "msg_1", "role": "assistant", "content": []}));
        let named = asked.name_input("x");
        assert_eq!(named[0].0, "msg_1");
        assert_eq!(named[1].1["content"][0], json!({"type": "input_text", "text": "more"}));
        let history = vec![
            json!({"type": "reasoning", "id": "rs_1", "summary": []}),
            json!({"type": "reasoning", "id": "rs_2", "encrypted_content": "e"}),
        ];
        let sent: Value = serde_json::from_slice(&asked.complete(history)).unwrap();
        let wanted = json!({
            "model": "m", "reasoning": {"effort": "low"}, "unknown": 1.5,
            "input": [
                {"type": "reasoning", "id": "rs_2", "encrypted_content": "e"},
                {"type": "message", "role": "assistant", "content": []},
                {"role": "user", "content": "more"},
            ],
            "store": false, "include": ["reasoning.encrypted_content"],
        });
        assert_eq!(sent, wanted);
    }

    #[test]
    fn an_answer_says_what_it_is_stored_as_and_one_that_weir_made_what_was_asked() {
        let asked = ask(json!({"input": "hi", "metadata": {"a": "b"}, "previous_response_id": "resp_0"})).unwrap();
        let label = asked.label("resp_1".into());
        let mut made = json!({"id": "x", "metadata": {}, "store": false});
        label.stamp(&mut made, true);
        let stored = json!({"id": "resp_1", "metadata": {"a": "b"}, "store": true, "previous_response_id": "resp_0"});
        assert_eq!(made, stored);
        let mut own = json!({"id": "x", "metadata": {}});
        label.stamp(&mut own, false);
        assert_eq!(own["metadata"], json!({}));
    }
}
