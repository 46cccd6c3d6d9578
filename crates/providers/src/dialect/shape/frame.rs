//! The document itself: the members that the reader wants are handed out as they stand, and all are held against their table
//! in the same pass.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Found, Key, Kind, Note, Seen, Walk, hold, named};
use crate::dialect::{bad::BadRequest, raw::offset};

/// Holds an object against a table; what was counted, and its members of these names. A member that is handed out is gone
/// over twice: nothing large should be.
///
/// # Errors
/// The first place that is something else.
pub(crate) fn read<'a, const N: usize>(
    text: &'a str,
    kind: &'static Kind,
    names: [&str; N],
) -> Result<(Seen, [Option<&'a RawValue>; N]), BadRequest> {
    let (mut found, mut kept) = (Found::default(), [None; N]);
    let mut reader = serde_json::Deserializer::from_str(text);
    let frame = Frame { text, kind, names: &names, kept: &mut kept, found: &mut found };
    let walked = (&mut reader).deserialize_map(frame).and_then(|()| reader.end());
    walked.map_err(|error| found.refusal(text, 0, text, &error))?;
    Ok((found.seen, kept))
}

struct Frame<'f, 'de> {
    text: &'de str,
    kind: &'static Kind,
    names: &'f [&'f str],
    kept: &'f mut [Option<&'de RawValue>],
    found: &'f mut Found<'de>,
}

impl<'de> Visitor<'de> for Frame<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let members = self.kind.members.unwrap_or_default();
        let mut ended = false;
        while let Some(Key(key)) = from.next_key()? {
            let kind = members.iter().find(|(name, _)| named(name, &key)).map(|(_, kind)| kind);
            if std::mem::replace(&mut ended, kind.is_some_and(|kind| kind.note == Note::Turns)) {
                self.found.seen.turns_end = quote_of(self.text, &key);
            }
            let wanted = self.names.iter().position(|name| named(name, &key));
            match (wanted.and_then(|nth| self.kept.get_mut(nth)), kind) {
                (Some(kept), kind) => {
                    let raw: &RawValue = from.next_value()?;
                    let base = offset(self.text, raw);
                    let held = kind.map_or(Ok(()), |kind| hold(self.text, base, raw.get(), kind, self.found));
                    if let Err(bad) = held {
                        self.found.refused = Some(bad);
                        return Err(A::Error::custom("a member of another type"));
                    }
                    *kept = Some(raw);
                }
                (None, Some(kind)) => {
                    from.next_value_seed(Walk { kind, found: &mut *self.found })?;
                }
                (None, None) => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Where a name's quote stands; unknown of one that was written with escapes, which is a copy and not within `text`.
fn quote_of(text: &str, name: &str) -> Option<usize> {
    let at = name.as_ptr().addr().checked_sub(text.as_ptr().addr() + 1)?;
    (text.as_bytes().get(at) == Some(&b'"')).then_some(at)
}
