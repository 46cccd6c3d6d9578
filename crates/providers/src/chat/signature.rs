//! Who signed a thought. A provider takes back only thoughts that it has signed itself, and the next turn of a conversation
//! may go to another one. A signature that crosses into another dialect therefore carries a mark that says whose it is; one
//! without a mark is of the dialect it comes in.
//!
//! The mark and what follows are base64, because Gemini's clients hold signatures as bytes.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::Value;
use weir_core::deployment::Dialect;

use super::{Losses, Part, Request};

/// Eight characters with the letter that follows, so that what comes after stays whole base64.
const MARK: &str = "weirSig";

/// Stands where a dialect wants a signature and the model gave none, so that the thought is known as another's when it
/// comes back.
pub(crate) const UNSIGNED: &str = "weirSigN";

/// Who signs: services that host the same models take each other's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signer {
    OpenAi,
    Anthropic,
    Google,
    Nobody,
}

impl Signer {
    const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenaiResponses => Self::OpenAi,
            // `thinking_blocks` of chats are Anthropic's by convention.
            Dialect::OpenaiChat | Dialect::Anthropic | Dialect::Bedrock => Self::Anthropic,
            Dialect::Gemini => Self::Google,
            Dialect::Mistral | Dialect::Cohere => Self::Nobody,
        }
    }
    const fn letter(self) -> char {
        match self {
            Self::OpenAi => 'O',
            Self::Anthropic => 'A',
            Self::Google => 'G',
            Self::Nobody => 'N',
        }
    }
}

/// A signature of `from` as a caller of `to` gets it.
pub(crate) fn mark(from: Dialect, to: Dialect, signature: &str) -> String {
    let signer = Signer::of(from);
    if signer == Signer::of(to) || signature.starts_with(MARK) {
        return signature.to_owned();
    }
    format!("{MARK}{}{}", signer.letter(), URL_SAFE.encode(signature))
}

/// A signature in a request of `origin` as `target` gets it; `None` when it is another's.
fn own(origin: Dialect, target: Dialect, signature: &str) -> Option<Cow<'_, str>> {
    let wanted = Signer::of(target);
    let Some(marked) = signature.strip_prefix(MARK) else {
        return (Signer::of(origin) == wanted).then_some(Cow::Borrowed(signature));
    };
    let bytes = URL_SAFE.decode(marked.strip_prefix(wanted.letter())?.replace('+', "-").replace('/', "_")).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The request with only those signatures that the target's own models gave.
pub(crate) fn keep_own<'a>(request: &'a Request, target: Dialect, losses: &mut Losses) -> Cow<'a, Request> {
    let signed = |part: &Part| matches!(part, Part::Thinking { signature: Some(_), .. } | Part::Redacted(_));
    if !request.messages.iter().any(|message| message.parts.iter().any(signed)) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    let origin = request.origin;
    for message in &mut request.messages {
        let at = &message.at;
        message.parts.retain_mut(|part| match part {
            Part::Thinking { text, signature } => {
                let Some(signed) = signature.take() else { return true };
                *signature = own(origin, target, &signed).map(Cow::into_owned);
                if signature.is_none() {
                    losses.hint(format!("{at}: the signature of another model's thinking"));
                }
                signature.is_some() || !text.is_empty()
            }
            Part::Redacted(data) => match own(origin, target, data).map(Cow::into_owned) {
                Some(own) => {
                    *data = own;
                    true
                }
                None => {
                    losses.hint(format!("{at}: another model's redacted thinking"));
                    false
                }
            },
            _ => true,
        });
    }
    Cow::Owned(request)
}

/// True when a body of the target's own dialect may hold thoughts of others.
pub(crate) fn has_marks(body: &[u8]) -> bool {
    memchr::memmem::find(body, MARK.as_bytes()).is_some()
}

/// Takes the thoughts of others out of a document: whole blocks and items, and signatures on parts that say more.
pub(crate) fn prune(value: &mut Value) {
    const KEYS: [&str; 4] = ["signature", "data", "encrypted_content", "thoughtSignature"];
    let marked = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(MARK));
    match value {
        Value::Array(items) => {
            items.retain(|item| {
                let kind = item.get("type").and_then(Value::as_str);
                let thought = matches!(kind, Some("thinking" | "redacted_thinking" | "reasoning"));
                !(thought && KEYS.iter().any(|key| item.get(key).is_some_and(marked)))
            });
            items.iter_mut().for_each(prune);
        }
        Value::Object(members) => {
            for key in ["thoughtSignature", "thought_signature"] {
                if members.get(key).is_some_and(marked) {
                    members.remove(key);
                }
            }
            members.values_mut().for_each(prune);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_finds_its_way_back_to_its_signer_and_to_nobody_else() {
        let theirs = "sig/with+both=";
        let marked = mark(Dialect::Anthropic, Dialect::Gemini, theirs);
        assert_eq!(marked.len() % 4, 0, "{marked}");
        assert_eq!(own(Dialect::Gemini, Dialect::Anthropic, &marked).as_deref(), Some(theirs));
        assert_eq!(own(Dialect::Gemini, Dialect::Gemini, &marked), None);
        assert_eq!(own(Dialect::Gemini, Dialect::Gemini, "raw").as_deref(), Some("raw"));
        assert_eq!(own(Dialect::Gemini, Dialect::Anthropic, "raw"), None);
        assert_eq!(own(Dialect::Anthropic, Dialect::Anthropic, UNSIGNED), None);
        assert_eq!(own(Dialect::OpenaiChat, Dialect::Anthropic, "raw").as_deref(), Some("raw"));
        assert_eq!(mark(Dialect::Gemini, Dialect::OpenaiChat, &marked), marked, "marked once");
    }

    #[test]
    fn thoughts_of_others_leave_a_body_of_ones_own_dialect() {
        let foreign = mark(Dialect::Gemini, Dialect::Anthropic, "x");
        let mut body = json!({"messages": [{"content": [
            {"type": "thinking", "thinking": "a", "signature": foreign},
            {"type": "thinking", "thinking": "b", "signature": "own"},
            {"type": "text", "text": "c"},
        ]}], "contents": [{"parts": [{"text": "d", "thoughtSignature": foreign}]}]});
        assert!(has_marks(body.to_string().as_bytes()));
        prune(&mut body);
        let want = json!({"messages": [{"content": [
            {"type": "thinking", "thinking": "b", "signature": "own"},
            {"type": "text", "text": "c"},
        ]}], "contents": [{"parts": [{"text": "d"}]}]});
        assert_eq!(body, want);
    }
}
