//! What a provider says about a failure, made safe to show: no key of ours, no markup, bounded.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Longest message shown, in characters.
const MAX_CHARS: usize = 500;

/// Starts of things that look like credentials.
const PREFIXES: &[&str] = &[
    "sk-", "sk_", "gsk_", "xai-", "AIza", "pk-", "key-", "ghp_", "hf_", "AKIA", "ASIA", "ya29.", "IQoJ", "FwoG", "eyJ",
];

/// A part of a key shorter than this is no secret of its own.
const LEAST_PART: usize = 12;

/// The message in a provider's error body. Where there is none (empty, markup, another shape) weir's own words about
/// `status`. `key` is the deployment's; no occurrence of it survives.
#[must_use]
pub fn error_message(status: u16, body: &[u8], key: Option<&SecretString>) -> String {
    let own = || format!("the provider answered {status}");
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = ["/error/message", "/message", "/error", "/detail", "/0/error/message"]
        .iter()
        .find_map(|pointer| value.pointer(pointer)?.as_str());
    match said.map(str::trim) {
        Some(said) if !said.is_empty() && !said.starts_with('<') => {
            format!("{} ({})", own(), text(said, key))
        }
        _ => own(),
    }
}

/// `said` without secrets and control characters, cut to 500 characters.
#[must_use]
pub fn text(said: &str, key: Option<&SecretString>) -> String {
    let key = key.map(|key| key.expose_secret().trim()).unwrap_or_default();
    let mut said = if key.is_empty() { said.to_owned() } else { said.replace(key, "[key]") };
    // Amazon's are an id, a secret and a token of the session, of which errors repeat one.
    for part in key.split(':').filter(|part| part.len() >= LEAST_PART && part.len() < key.len()) {
        said = said.replace(part, "[key]");
    }
    let mut out = String::with_capacity(said.len().min(4 * MAX_CHARS));
    let mut after_bearer = false;
    for word in said.split_inclusive(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '(' | ')' | '=' | ':' | '`')
    }) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        let secret = !bare.is_empty()
            && bare != "[key"
            && (after_bearer || PREFIXES.iter().any(|start| looks_like(bare, start)));
        if secret {
            out.push_str("[key]");
            out.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        if !bare.is_empty() {
            after_bearer = bare.eq_ignore_ascii_case("bearer");
        }
    }
    let clean = out.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = clean.take(MAX_CHARS).collect();
    if cut.len() < out.len() && out.chars().count() > MAX_CHARS {
        cut.push('…');
    }
    cut
}

/// A credential is its prefix, at the start of a word or behind punctuation, and a long enough tail; masked ones
/// (`sk-ab***yz`) included.
fn looks_like(word: &str, prefix: &str) -> bool {
    word.match_indices(prefix).any(|(at, _)| {
        let before = word.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(char::is_alphanumeric) && word.len() - at >= prefix.len() + 6
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_survives_in_a_providers_message() {
        let key = SecretString::from("our-very-own/key+1".to_owned());
        for said in [
            "bad credentials: Bearer our-very-own/key+1",
            "key our-very-own/key+1, our-very-own/key+1.",
            "authorization:Bearer abcdef0123456789",
            "Bearer\tsome-opaque-token",
            "incorrect api key provided: sk-proj-abc***xyz9. see docs",
            "x=sk-ant-api03-aaaa;y",
            "token (gsk_0123456789) 'AIzaSyA-1234567'",
            "jwt eyJhbGciOiJIUzI1NiJ9.e30.sig",
        ] {
            let body = serde_json::json!({"error": {"message": said}}).to_string();
            let shown = error_message(500, body.as_bytes(), Some(&key));
            for secret in ["our-very-own", "abcdef01", "some-opaque", "sk-proj", "sk-ant", "gsk_", "AIza", "eyJ"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            assert!(shown.contains("[key]"), "{shown}");
        }
    }

    #[test]
    fn no_part_of_an_amazon_key_and_no_clouds_token_survives() {
        let key = SecretString::from("ASIAEXAMPLEEXAMPLE:wJalrXUtnFEMI/K7MDENG:IQoJb3JpZ2luX2VjEXAMPLE".to_owned());
        for said in [
            "The Canonical String should have been 'x-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE'",
            "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE/20261121/us-east-1",
            "secret wJalrXUtnFEMI/K7MDENG is wrong",
        ] {
            let shown = text(said, Some(&key));
            assert!(shown.contains("[key]"), "{shown}");
            for secret in ["IQoJ", "ASIAEX", "wJalr"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        for said in ["token ya29.a0AfH6SMBx is expired", "AADSTS: eyJ0eXAiOiJKV1QiLCJhbGciOiJ is malformed"] {
            assert!(text(said, None).contains("[key]"), "{said}");
        }
    }

    #[test]
    fn ordinary_words_are_kept() {
        let said = "max_tokens is too large: 9000. this model's desk-side limit is 4096 (task-oriented)";
        assert_eq!(text(said, None), said);
    }

    #[test]
    fn bodies_that_say_nothing_get_our_own_words() {
        for body in [
            "",
            "<html>oops</html>",
            "null",
            "{}",
            "[1",
            r#"{"error":{"message":"  "}}"#,
            r#"{"error":{"message":"<b>"}}"#,
        ] {
            assert_eq!(error_message(503, body.as_bytes(), None), "the provider answered 503");
        }
        let shapes =
            [r#"{"error":"x y"}"#, r#"{"message":"x y"}"#, r#"{"detail":"x y"}"#, r#"[{"error":{"message":"x y"}}]"#];
        for body in shapes {
            assert_eq!(error_message(400, body.as_bytes(), None), "the provider answered 400 (x y)");
        }
    }

    #[test]
    fn a_message_is_bounded_and_printable() {
        let shown = text(&format!("a\u{1b}[31m\r\n{}", "é".repeat(10_000)), None);
        assert_eq!(shown.chars().count(), MAX_CHARS + 1);
        assert!(shown.chars().all(|c| !c.is_control()));
    }
}
