//! The language that a caller writes in, for workloads that tell prompts apart by it: by its script, and where that is
//! Latin by the small words that every sentence has. Rough on purpose: a trigram model, as scorers use, needs more words
//! than a question has and allocates; this reads at most the last 32 KiB of the messages and half a kilobyte of the caller's
//! own words in them, and allocates nothing. What is too short or not known is [`Language::Other`].

mod said;
mod small_words;

use weir_core::language::Language;

/// Most of the caller's words that are read, in bytes.
const MOST_BYTES: usize = 512;
/// What a character of these scripts counts beside a letter: it is about as much as a short word.
const DENSE: u32 = 4;
/// Longest of the small words, in bytes.
const LONGEST: usize = 12;
/// Fewest small words that tell a language …
const FEWEST: u32 = 2;
/// … and of texts of at least this many words, the least share of them: one in six. In running text it is one in three.
const RUNNING: u32 = 12;
const ONE_IN: u32 = 6;
/// A text is Japanese with one kana to ten ideographs: there is no sentence without any.
const KANA_ONE_IN: u32 = 10;

/// The language of a request's newest words, given where its messages are over. Whoever said others, the system prompt or
/// a tool, does not count.
pub(crate) fn language(body: &[u8], messages_end: usize) -> Language {
    let mut tally = Tally::default();
    let mut left = MOST_BYTES;
    said::newest(body, messages_end, |text| {
        let part = said::head(text, left);
        left -= part.len();
        tally.read(part);
        left > 0
    });
    tally.language()
}

/// What was counted of a text.
#[derive(Debug, Default)]
struct Tally {
    latin: u32,
    cyrillic: u32,
    arabic: u32,
    devanagari: u32,
    han: u32,
    kana: u32,
    hangul: u32,
    /// Letters of scripts without a language of their own here, or that no Russian or Arab writes.
    strange: u32,
    words: u32,
    /// Small words of each language that is written in Latin, in the order of [`small_words::LANGUAGES`].
    hits: [u32; small_words::LANGUAGES.len()],
    /// Letters that none of those languages has.
    foreign: u32,
    word: [u8; LONGEST],
    length: usize,
}

impl Tally {
    /// Reads the inside of a JSON string.
    fn read(&mut self, raw: &str) {
        let mut rest = raw.chars();
        while let Some(next) = rest.next() {
            let letter = if next == '\\' { said::escaped(&mut rest) } else { next };
            self.letter(letter);
        }
        self.end_word();
    }

    fn letter(&mut self, letter: char) {
        match letter {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' if letter.is_alphabetic() => return self.latin(letter),
            '\u{400}'..='\u{52f}' => match letter {
                // Ukrainian, Belarusian, Serbian and Macedonian have them.
                'і' | 'ї' | 'є' | 'ґ' | 'ў' | 'ј' | 'љ' | 'њ' | 'ћ' | 'ђ' | 'џ' => self.strange += DENSE,
                _ => self.cyrillic += 1,
            },
            '\u{600}'..='\u{6ff}' => match letter {
                // Persian and Urdu have them.
                'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی' | 'ٹ' | 'ڈ' | 'ے' => self.strange += DENSE,
                _ => self.arabic += u32::from(letter.is_alphabetic()),
            },
            '\u{900}'..='\u{97f}' => self.devanagari += 1,
            '\u{3040}'..='\u{30ff}' => self.kana += DENSE,
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => self.han += DENSE,
            '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => self.hangul += DENSE,
            _ => self.strange += u32::from(letter.is_alphabetic()),
        }
        self.end_word();
    }

    fn latin(&mut self, letter: char) {
        self.latin += 1;
        self.foreign += u32::from(small_words::FOREIGN.contains(letter));
        // All of Latin-1 and Latin Extended-A: one letter is one letter, capital or not.
        let small = letter.to_lowercase().next().unwrap_or(letter);
        let mut bytes = [0; 4];
        let bytes = small.encode_utf8(&mut bytes).as_bytes();
        let to = self.length + bytes.len();
        if let Some(room) = self.word.get_mut(self.length..to) {
            room.copy_from_slice(bytes);
        }
        // Beyond its room it is none of the small words.
        self.length = to;
    }

    fn end_word(&mut self) {
        let length = std::mem::take(&mut self.length);
        if length == 0 {
            return;
        }
        self.words += 1;
        let languages = self.word.get(..length).map_or(0, small_words::languages);
        for (place, hits) in self.hits.iter_mut().enumerate() {
            *hits += u32::from((languages >> place) & 1);
        }
    }

    fn language(&self) -> Language {
        let ideographs = if self.kana * KANA_ONE_IN >= self.han { Language::Japanese } else { Language::Chinese };
        let scripts = [
            (self.strange, Language::Other),
            (self.latin, self.by_small_words()),
            (self.cyrillic, Language::Russian),
            (self.arabic, Language::Arabic),
            (self.devanagari, Language::Hindi),
            (self.han + self.kana, ideographs),
            (self.hangul, Language::Korean),
        ];
        // Of two as long the earlier, and of none the first.
        let longest = scripts.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best });
        longest.map_or(Language::Other, |(_, language)| language)
    }

    /// The language with the most small words, if there are enough of them and no other has as many.
    fn by_small_words(&self) -> Language {
        let most = self.hits.iter().copied().max().unwrap_or(0);
        let enough = most >= FEWEST && (self.words < RUNNING || most * ONE_IN >= self.words) && most > self.foreign;
        let mut best = self.hits.iter().zip(small_words::LANGUAGES).filter(|(hits, _)| **hits == most);
        match (best.next(), best.next()) {
            (Some((_, language)), None) if enough => language,
            _ => Language::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: &str) -> Language {
        let peek = weir_providers::dialect::openai_chat::peek(body.as_bytes());
        language(body.as_bytes(), peek.map_or(body.len(), |peek| peek.messages_end))
    }

    fn of(text: &str) -> Language {
        let body = serde_json::json!({"model": "auto", "messages": [{"role": "user", "content": text}]});
        whole(&body.to_string())
    }

    #[test]
    fn a_sentence_tells_its_language() {
        for (text, wanted) in [
            ("What is the capital of France?", Language::English),
            ("Write a haiku about the sea, please.", Language::English),
            ("¿Cuál es la capital de Francia?", Language::Spanish),
            ("Escribe un poema sobre el mar y las olas", Language::Spanish),
            ("Quelle est la capitale de la France ?", Language::French),
            ("Peux-tu m'expliquer comment ça marche avec des exemples ?", Language::French),
            ("Was ist die Hauptstadt von Frankreich?", Language::German),
            ("Schreibe bitte ein Gedicht über das Meer.", Language::German),
            ("Qual é a capital da França?", Language::Portuguese),
            ("Escreva um poema sobre o mar, por favor. Não use rimas.", Language::Portuguese),
            ("Qual è la capitale della Francia?", Language::Italian),
            ("Scrivi una poesia sul mare che non sia troppo lunga", Language::Italian),
            ("Wat is de hoofdstad van Frankrijk?", Language::Dutch),
            ("Schrijf een gedicht over de zee en het strand", Language::Dutch),
            ("Какая столица Франции?", Language::Russian),
            ("法国的首都是哪里？", Language::Chinese),
            ("请用 Python 写一个 quicksort 函数", Language::Chinese),
            ("フランスの首都はどこですか。", Language::Japanese),
            ("프랑스의 수도는 어디입니까?", Language::Korean),
            ("ما هي عاصمة فرنسا؟", Language::Arabic),
            ("फ्रांस की राजधानी क्या है?", Language::Hindi),
        ] {
            assert_eq!(of(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_not_told_is_another_language() {
        for text in [
            "",
            "42",
            "ok",
            "Hello",
            "def f(x):\n    return x ** 2",
            "Яка столиця Франції? Розкажіть її історію.",
            "پایتخت فرانسه کجاست؟ لطفاً بگویید",
            "Jaka jest stolica Francji? Napisz krótką odpowiedź na to pytanie, proszę.",
            "Vad heter Frankrikes huvudstad? Svara så kort som möjligt på frågan.",
            "Ποια είναι η πρωτεύουσα της Γαλλίας;",
            "aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ",
        ] {
            assert_eq!(of(text), Language::Other, "{text}");
        }
    }

    #[test]
    fn escapes_are_letters_too() {
        let body = br#"{"messages":[{"role":"user","content":"\u00bfCu\u00e1l es\nla capital de \"Francia\"\u003f \ud83d\ude00"}]}"#;
        assert_eq!(whole(std::str::from_utf8(body).unwrap()), Language::Spanish);
        let body = br#"{"messages":[{"role":"user","content":"\u041a\u0430\u043a \u0434\u0435\u043b\u0430"}]}"#;
        assert_eq!(whole(std::str::from_utf8(body).unwrap()), Language::Russian);
        for cut in [r"\", r"\u", r"\u00", r"\ud83d"] {
            let mut tally = Tally::default();
            tally.read(cut);
            assert_eq!(tally.language(), Language::Other, "{cut}");
        }
    }

    #[test]
    fn the_newest_words_of_the_caller_count_and_nobody_elses() {
        let german = "Wie ist das Wetter in der Stadt?";
        let english = "You are a helpful assistant. Answer what the user asks, in the tone of the house.";
        let turns = [("system", english), ("user", german), ("assistant", english), ("tool", english)];
        let turns: Vec<_> =
            turns.iter().map(|(role, text)| serde_json::json!({"role": role, "content": text})).collect();
        let tool = serde_json::json!({"type": "function", "function": {"name": "weather", "description": english}});
        let body = serde_json::json!({"messages": turns, "model": "auto", "tools": [tool]});
        assert_eq!(whole(&body.to_string()), Language::German);
    }

    #[test]
    fn however_long_a_body_is_it_is_read_to_the_same_depth() {
        let long = "Wie ist das Wetter in der Stadt und auf dem Land? ".repeat(4_000);
        assert_eq!(of(&long), Language::German, "its beginning is out of sight");
        // What stands behind the messages is not looked at, and of the messages what goes as far back as the bound.
        let asked = serde_json::json!({"role": "user", "content": "Wie ist das Wetter?"});
        let tools = vec![serde_json::json!({"type": "function", "function": {"name": "f"}}); 4_000];
        let body = serde_json::json!({"messages": [asked], "model": "auto", "tools": tools});
        assert_eq!(whole(&body.to_string()), Language::German);
        for (answers, wanted) in [(10, Language::German), (4_000, Language::Other)] {
            let mut turns = vec![asked.clone()];
            turns.extend(vec![serde_json::json!({"role": "assistant", "content": "Gut."}); answers]);
            let body = serde_json::json!({"messages": turns, "model": "auto"});
            assert_eq!(whole(&body.to_string()), wanted, "{answers}");
        }
    }
}
