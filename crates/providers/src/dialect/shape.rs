//! What a caller's document must look like, as a table, held against its bytes without building anything: the only check of a
//! request that is passed on as it is. Members that a table does not name pass, `null` is as good as absent but for turns, and
//! words are left to the provider; a value of another type, or a tool's result without its call, is refused where it stands.
//!
//! The same pass counts what routing asks of a request, so that its bytes are gone over once.

mod frame;
mod tables;

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{bad::BadRequest, json, raw::syntax};

pub(crate) use frame::read;
pub(crate) use tables::{ANTHROPIC, BATCH_EMBED, CHAT, EMBED, EMBEDDINGS, GEMINI, RESPONSES, passed};

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// In words.
    wanted: &'static str,
    scalars: u8,
    items: Option<&'static Kind>,
    members: Option<&'static [(&'static str, Kind)]>,
    link: Link,
    note: Note,
    /// `null` is not as good as absent.
    there: bool,
}

const TEXT: u8 = 1;
const FLAG: u8 = 2;
const WHOLE: u8 = 4;
const INTEGER: u8 = 8;
const NUMBER: u8 = 16;
const ANY: u8 = 32;

/// What a string says about calls and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    None,
    /// It names a call.
    Call,
    /// It names the call that this is the result of.
    Result,
    /// Either, as the object has an `output` or not.
    Either,
}

/// What a value is to those who route the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    /// The turns of a conversation.
    Turns,
    /// A turn that must say whose it is.
    Turn,
    /// The word for what a part is.
    Part,
    /// Tools that are offered.
    Tools,
}

const fn scalar(scalars: u8, wanted: &'static str) -> Kind {
    Kind { wanted, scalars, items: None, members: None, link: Link::None, note: Note::None, there: false }
}

impl Kind {
    const fn link(self, link: Link) -> Self {
        Self { link, ..self }
    }
    const fn note(self, note: Note) -> Self {
        Self { note, ..self }
    }
    const fn there(self) -> Self {
        Self { there: true, ..self }
    }
    /// The same, or a list of these.
    const fn or_list(self, items: &'static Self, wanted: &'static str) -> Self {
        Self { items: Some(items), wanted, ..self }
    }
    /// The same, or an object with these members.
    const fn or_object(self, members: &'static [(&'static str, Self)], wanted: &'static str) -> Self {
        Self { members: Some(members), wanted, ..self }
    }
}

/// What was counted of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Its turns, where they are a list.
    pub(crate) turns: Option<usize>,
    /// Where the name of the member behind them begins, with its quote; `None` where they are the last, or where
    /// that is not known: its name may be written with escapes.
    pub(crate) turns_end: Option<usize>,
    /// A part is an image, by its name.
    pub(crate) images: bool,
    /// Tools are offered.
    pub(crate) tools: bool,
}

/// Holds a document against a table.
///
/// # Errors
/// The first place that is something else.
pub(crate) fn check(text: &str, kind: &'static Kind) -> Result<(), BadRequest> {
    hold(text, 0, text, kind, &mut Found::default())
}

/// Holds a piece of `text` that begins at `base` against a table.
fn hold<'de>(
    text: &str,
    base: usize,
    piece: &'de str,
    kind: &'static Kind,
    found: &mut Found<'de>,
) -> Result<(), BadRequest> {
    let mut reader = serde_json::Deserializer::from_str(piece);
    let walked = Walk { kind, found: &mut *found }.deserialize(&mut reader);
    walked.map(|_| ()).map_err(|error| found.refusal(text, base, piece, &error))
}

#[derive(Default)]
struct Found<'de> {
    calls: HashSet<Cow<'de, str>>,
    seen: Seen,
    /// What is where the reader stands, and what belongs there.
    bad: Option<(&'static str, &'static str)>,
    /// What is wrong elsewhere.
    refused: Option<BadRequest>,
}

impl Found<'_> {
    /// What an error of the reader means that went over a piece of `text`.
    fn refusal(&mut self, text: &str, base: usize, piece: &str, error: &serde_json::Error) -> BadRequest {
        if let Some(refused) = self.refused.take() {
            return refused;
        }
        let Some((found, wanted)) = self.bad.take() else { return syntax(text, base, piece, error) };
        let at = base + json::offset_of(piece, error.line(), error.column());
        // The reader has gone to the end of an array that is empty: its place is where it opens.
        let at = match text.get(..at) {
            Some(before) if text.as_bytes().get(at) == Some(&b']') => before.rfind('[').unwrap_or(at),
            _ => at,
        };
        BadRequest::new(json::path_at(text, at), found, wanted)
    }
}

struct Walk<'f, 'de> {
    kind: &'static Kind,
    found: &'f mut Found<'de>,
}

impl<'de> Walk<'_, 'de> {
    fn refuse<T, E: serde::de::Error>(self, found: &'static str) -> Result<T, E> {
        self.found.bad = Some((found, self.kind.wanted));
        Err(E::custom(found))
    }
    fn scalar<E: serde::de::Error>(self, is: u8, found: &'static str) -> Result<bool, E> {
        if self.kind.scalars & is == 0 { self.refuse(found) } else { Ok(false) }
    }
    /// True when a string names a call that has not been named before.
    fn text<E: serde::de::Error>(self, text: Cow<'de, str>) -> Result<bool, E> {
        if self.kind.scalars & TEXT == 0 {
            return self.refuse("a string");
        }
        if self.kind.note == Note::Part {
            self.found.seen.images |= text.contains("image");
        }
        match self.kind.link {
            Link::None => Ok(false),
            Link::Call | Link::Either => Ok(self.found.calls.insert(text)),
            Link::Result if self.found.calls.contains(&text) => Ok(false),
            Link::Result => self.refuse("the id of no call before it"),
        }
    }
}

/// The value is whether a call was named for the first time.
impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        if self.kind.scalars & ANY == 0 {
            return from.deserialize_any(self);
        }
        IgnoredAny::deserialize(from).map(|_| false)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.wanted)
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<bool, E> {
        if self.kind.there { self.refuse("null") } else { Ok(false) }
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<bool, E> {
        self.scalar(FLAG, "a boolean")
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<bool, E> {
        self.scalar(WHOLE | INTEGER | NUMBER, "a number")
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<bool, E> {
        self.scalar(INTEGER | NUMBER, "a negative number")
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<bool, E> {
        self.scalar(NUMBER, "a number")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        let looked_at = self.kind.link != Link::None || self.kind.note != Note::None;
        self.text(if looked_at { Cow::Owned(text.to_owned()) } else { Cow::Borrowed("") })
    }
    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<bool, E> {
        self.text(Cow::Borrowed(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<bool, A::Error> {
        let Some(kind) = self.kind.items else { return self.refuse("an array") };
        let note = self.kind.note;
        let seen = &mut self.found.seen;
        seen.turns = if note == Note::Turns { Some(0) } else { seen.turns };
        while from.next_element_seed(Walk { kind, found: &mut *self.found })?.is_some() {
            match note {
                Note::Turns => self.found.seen.turns = self.found.seen.turns.map(|turns| turns + 1),
                Note::Tools => self.found.seen.tools = true,
                _ => {}
            }
        }
        Ok(false)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<bool, A::Error> {
        let Some(members) = self.kind.members else { return self.refuse("an object") };
        let (mut fresh, mut output, mut role) = (false, false, self.kind.note != Note::Turn);
        while let Some(Key(key)) = from.next_key()? {
            match members.iter().find(|(name, _)| named(name, &key)) {
                Some((_, kind)) => {
                    let first = from.next_value_seed(Walk { kind, found: &mut *self.found })?;
                    fresh |= first && kind.link == Link::Either;
                }
                None => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
            output |= key == "output";
            role |= key == "role";
        }
        if !role {
            let turn = self.found.seen.turns.unwrap_or_default();
            self.found.refused = Some(BadRequest::new(format!("$.messages[{turn}]"), "no role", "a role"));
            return Err(A::Error::custom("a turn without a role"));
        }
        if fresh && output {
            self.found.bad = Some(("the output of no call before it", "the output of a call"));
            return Err(A::Error::custom("a result without its call"));
        }
        Ok(false)
    }
}

/// `generationConfig` may be written `generation_config`: protocol buffers take both. No other names have capitals.
fn named(name: &str, key: &str) -> bool {
    if name == key {
        return true;
    }
    let mut key = key.bytes();
    let same = name.bytes().all(|byte| match byte {
        b'A'..=b'Z' => key.next() == Some(b'_') && key.next() == Some(byte.to_ascii_lowercase()),
        _ => key.next() == Some(byte),
    });
    same && key.next().is_none()
}

/// A member's name, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(kind: &'static Kind, text: &str) -> (String, String) {
        let bad = check(text, kind).unwrap_err();
        (bad.path, bad.found)
    }

    #[test]
    fn a_value_of_another_type_is_refused_where_it_stands() {
        for (text, path, found) in [
            (r#"{"temperature":"hot"}"#, "$.temperature", "a string"),
            (r#"{"n":-1}"#, "$.n", "a negative number"),
            (r#"{"n":1.5}"#, "$.n", "a number"),
            (r#"{"messages":{}}"#, "$.messages", "an object"),
            (r#"{"messages":["x"]}"#, "$.messages[0]", "a string"),
            (r#"{"a":[1],"messages":[{"content":[{"text":7}]}]}"#, "$.messages[0].content[0].text", "a number"),
            (r#"{"tools":[{"function":{"name":true}}]}"#, "$.tools[0].function.name", "a boolean"),
            (r#"{"stop":[[]]}"#, "$.stop[0]", "an array"),
        ] {
            assert_eq!(refused(&CHAT, text), (path.to_owned(), found.to_owned()), "{text}");
        }
        let fine = r#"{"model":"m","new":{"x":[1,"y"]},"n":null,"seed":-3,"stop":"x","messages":[{"role":"user"}]}"#;
        assert_eq!(check(fine, &CHAT), Ok(()));
        assert_eq!(refused(&GEMINI, r#"{"generation_config":{"top_p":"x"}}"#).0, "$.generation_config.top_p");
    }

    #[test]
    fn a_result_needs_its_call() {
        let cases: [(&Kind, &str, &str, &str); 4] = [
            (
                &CHAT,
                r#"{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
                r#"{"role":"tool","tool_call_id":"a","content":"x"}"#,
                "messages",
            ),
            (
                &ANTHROPIC,
                r#"{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}"#,
                r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#,
                "messages",
            ),
            (
                &RESPONSES,
                r#"{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}"#,
                r#"{"output":"x","call_id":"a","type":"function_call_output"}"#,
                "input",
            ),
            (
                &GEMINI,
                r#"{"role":"model","parts":[{"functionCall":{"name":"a","args":{}}}]}"#,
                r#"{"role":"user","parts":[{"functionResponse":{"name":"a","response":{}}}]}"#,
                "contents",
            ),
        ];
        for (kind, call, result, turns) in cases {
            assert_eq!(check(&format!("{{\"{turns}\":[{call},{result}]}}"), kind), Ok(()), "{turns}");
            for text in [format!("{{\"{turns}\":[{result},{call}]}}"), format!("{{\"{turns}\":[{result}]}}")] {
                let (path, found) = refused(kind, &text);
                assert!(
                    path.starts_with(&format!("$.{turns}[0]")) && found.contains("no call before"),
                    "{path} {found}"
                );
            }
        }
    }
}
