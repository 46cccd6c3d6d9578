//! The languages that prompts are told apart by. Who finds one in a request is the gateway; here are the words.

use serde::{Deserialize, Serialize};

/// The language that a caller writes in, as far as a few words tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// German.
    German,
    /// Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Russian.
    Russian,
    /// Chinese.
    Chinese,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Arabic.
    Arabic,
    /// Hindi.
    Hindi,
    /// Another one, or too few words to tell.
    #[serde(rename = "other-language")]
    Other,
}

impl Language {
    /// Every one, in order; the last is [`Self::Other`].
    pub const ALL: [Self; 14] = [
        Self::English,
        Self::Spanish,
        Self::French,
        Self::German,
        Self::Portuguese,
        Self::Italian,
        Self::Dutch,
        Self::Russian,
        Self::Chinese,
        Self::Japanese,
        Self::Korean,
        Self::Arabic,
        Self::Hindi,
        Self::Other,
    ];

    /// The words of [`Self::ALL`], in the same order, as segments are named by them.
    pub const WORDS: [&str; 14] = [
        "english",
        "spanish",
        "french",
        "german",
        "portuguese",
        "italian",
        "dutch",
        "russian",
        "chinese",
        "japanese",
        "korean",
        "arabic",
        "hindi",
        "other-language",
    ];

    /// Its place in [`Self::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        Self::WORDS[self.place()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_stands_at_its_place_and_is_stored_by_its_word() {
        for (place, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!((language.place(), language.word()), (place, Language::WORDS[place]));
            assert_eq!(serde_json::to_value(language).unwrap(), language.word());
        }
    }
}
