//! Personal data and credentials out of texts, by the patterns of `pii_regex` and `secret_regex`: each find becomes the
//! name of its kind in square brackets. Patterns find shapes, not meaning: names of people stay.

use std::sync::LazyLock;

use regex::Regex;

use super::Item;
use crate::checks::secrets::{CREDENTIALS, PERSONAL, is_real};

/// Every pattern, compiled; one that does not compile would be found by the tests of the checks.
static PATTERNS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let all = CREDENTIALS.iter().chain(PERSONAL);
    all.filter_map(|(name, pattern)| Some((*name, Regex::new(pattern).ok()?))).collect()
});

/// The text without what was found in it, and how much that was.
#[must_use]
pub fn redact(text: &str) -> (String, u64) {
    let mut clean = text.to_owned();
    let mut found = 0;
    for (name, pattern) in PATTERNS.iter() {
        let replaced = pattern.replace_all(&clean, |hit: &regex::Captures<'_>| {
            let whole = hit.get(0).map_or("", |hit| hit.as_str());
            if !is_real(name, whole) {
                return whole.to_owned();
            }
            found += 1;
            format!("[{name}]")
        });
        if let std::borrow::Cow::Owned(replaced) = replaced {
            clean = replaced;
        }
    }
    (clean, found)
}

impl Item {
    /// Redacts the conversation and a text that is expected; how much was found. An id that was made of the input is made
    /// anew.
    pub fn redact(&mut self) -> u64 {
        let named = self.id == self.own_id();
        let mut found = 0;
        for message in &mut self.input {
            let (clean, hits) = redact(&message.content);
            (message.content, found) = (clean, found + hits);
        }
        for text in self.expected.iter_mut().chain(self.metadata.get_mut("response")) {
            if let serde_json::Value::String(text) = text {
                let (clean, hits) = redact(text);
                (*text, found) = (clean, found + hits);
            }
        }
        if named {
            self.id = self.own_id();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_become_their_names_and_the_rest_stays() {
        let (clean, found) = redact("Mail ana@example.com or call +49 30 901820, card 4111 1111 1111 1111, order 42.");
        assert_eq!((clean.as_str(), found), ("Mail [email] or call [phone], card [card], order 42.", 3));
        assert_eq!(redact("order 4111 1111 1111 1112").1, 0, "no card has these digits");
        let (clean, _) = redact("key sk-abcdefghijklmnopqrstuvwx");
        assert!(!clean.contains("abcdef"), "{clean}");
    }
}
