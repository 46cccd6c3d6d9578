//! One spelling for each value, so that hashes mean the same on every machine and with every key order.

use serde_json::Value;
use weir_core::chat::{Message, Role};

/// JSON text with sorted keys and no spaces. Two values that differ only in key order give the same text.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    compact(value, &mut out, &|leaf, out| out.push_str(&leaf.to_string()), &|text, out| {
        out.push_str(&Value::from(text).to_string());
    });
    out
}

/// Writes `value` with sorted keys and no spaces; how a leaf and a key are spelt is the caller's.
pub(crate) fn compact(
    value: &Value,
    out: &mut String,
    leaf: &impl Fn(&Value, &mut String),
    key: &impl Fn(&str, &mut String),
) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                compact(item, out, leaf, key);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (at, (name, field)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                key(name, out);
                out.push(':');
                compact(field, out, leaf, key);
            }
            out.push('}');
        }
        plain => leaf(plain, out),
    }
}

/// The hash that joins live traffic with dataset items: blake3 over roles and trimmed contents, 32 hex digits. Model
/// and parameters do not count. Lengths are hashed too, so that no two conversations run into each other.
#[must_use]
pub fn input_hash(messages: &[Message]) -> String {
    let mut hasher = blake3::Hasher::new();
    for message in messages {
        let content = message.content.trim();
        hasher.update(&[match message.role {
            Role::System => b's',
            Role::User => b'u',
            Role::Assistant => b'a',
            Role::Tool => b't',
        }]);
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content.as_bytes());
    }
    prefix(&hasher, 32)
}

/// The first `digits` hex digits of the hash of `text`.
pub(crate) fn text_hash(text: &str, digits: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes());
    prefix(&hasher, digits)
}

fn prefix(hasher: &blake3::Hasher, digits: usize) -> String {
    let mut hex = hasher.finalize().to_hex().to_string();
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(role: Role, content: &str) -> Message {
        Message { role, content: content.into() }
    }

    #[test]
    fn key_order_does_not_change_the_canonical_text() {
        let a: Value = serde_json::from_str(r#"{"b":[1,{"d":null,"c":"x\n"}],"a":1.5}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"a":1.5,"b":[1,{"c":"x\n","d":null}]}"#).unwrap();
        assert_eq!(canonical_json(&a), canonical_json(&b));
        assert_eq!(canonical_json(&a), r#"{"a":1.5,"b":[1,{"c":"x\n","d":null}]}"#);
        assert_ne!(canonical_json(&json!([1, 2])), canonical_json(&json!([2, 1])));
    }

    #[test]
    fn the_input_hash_ignores_outer_space_and_nothing_else() {
        let a = [message(Role::User, " 2+2? \n")];
        assert_eq!(input_hash(&a), input_hash(&[message(Role::User, "2+2?")]));
        assert_eq!(input_hash(&a).len(), 32);
        assert_ne!(input_hash(&a), input_hash(&[message(Role::System, "2+2?")]));
        assert_ne!(
            input_hash(&[message(Role::User, "ab"), message(Role::User, "")]),
            input_hash(&[message(Role::User, "a"), message(Role::User, "b")]),
        );
    }
}
