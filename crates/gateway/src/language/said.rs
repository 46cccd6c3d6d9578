//! What the caller said last, found in a request's bytes from their end: a conversation's newest turn stands last, and a
//! string is told from its surroundings without knowing what is before them. All dialects hold turns at the same depth,
//! an object in a list in the document, with the words in its `content` or in the `text` of its parts.

use std::str::Chars;

use memchr::memrchr;

/// Most bytes of a body's messages that are looked at.
const MOST_BYTES: usize = 32 * 1024;
/// How deep the members of a turn are, and those of its parts.
const TURN: usize = 3;
const PART: usize = 5;
/// Parts of one turn whose words are kept until it is known whose they are.
const MOST_PARTS: usize = 4;

/// Gives the caller's texts, newest first and as they stand between their quotes, to `read` until it wants no more. What
/// stands behind the messages, such as tools, is not looked at: `messages_end` is where the next member begins, or the
/// length of the body.
///
/// Whatever is no JSON gives some text or none, and never fails.
pub(super) fn newest<'a>(body: &'a [u8], messages_end: usize, mut read: impl FnMut(&'a str) -> bool) {
    let mut turn = Turn::default();
    let (body, mut depth) = match body.get(..messages_end) {
        // The document's own closing brace is left out.
        Some(front) if messages_end < body.len() => (front, 1),
        _ => (body, 0_usize),
    };
    let (mut value, mut named) = (None, false);
    let tokens = Backwards { body, end: body.len(), least: body.len().saturating_sub(MOST_BYTES) };
    for token in tokens {
        match token {
            Token::Close => depth += 1,
            Token::Open => {
                if depth == TURN && !turn.end(&mut read) {
                    return;
                }
                depth = depth.saturating_sub(1);
            }
            Token::Colon => {
                named = true;
                continue;
            }
            Token::Comma => {}
            Token::Text(key) if named => {
                named = false;
                if let Some(text) = value.take()
                    && !turn.member(depth, key, text, &mut read)
                {
                    return;
                }
                continue;
            }
            Token::Text(text) => {
                value = Some(text);
                continue;
            }
            Token::Cut(text) => {
                // The beginning of what is being read is out of sight, and with it whose it is, unless that stood behind.
                if matches!(depth, TURN | PART) && turn.callers != Some(false) {
                    read(text);
                }
                return;
            }
        }
        (value, named) = (None, false);
    }
}

/// The turn that is being read, from its end.
#[derive(Debug, Default)]
struct Turn<'a> {
    /// Whether it is the caller's, once that is known.
    callers: Option<bool>,
    texts: [Option<&'a str>; MOST_PARTS],
}

impl<'a> Turn<'a> {
    /// One member whose value is a string; false when nothing more is wanted.
    fn member(&mut self, depth: usize, key: &str, text: &'a str, read: &mut impl FnMut(&'a str) -> bool) -> bool {
        match (depth, key) {
            // There are no turns: a prompt, or the one question of a response.
            (1, "input" | "prompt" | "message") => return read(text),
            (TURN, "role") => self.callers = Some(text == "user"),
            (TURN, "content") | (PART, "text") => {
                if let Some(room) = self.texts.iter_mut().find(|text| text.is_none()) {
                    *room = Some(text);
                }
            }
            _ => {}
        }
        true
    }

    /// Its beginning is reached: a turn that says nothing of itself is the caller's.
    fn end(&mut self, read: &mut impl FnMut(&'a str) -> bool) -> bool {
        let Self { callers, texts } = std::mem::take(self);
        callers == Some(false) || texts.into_iter().flatten().all(read)
    }
}

/// A piece of a JSON document.
enum Token<'a> {
    /// `{` or `[`.
    Open,
    /// `}` or `]`.
    Close,
    Colon,
    Comma,
    /// A whole string.
    Text(&'a str),
    /// The end of a string, or of something else, that begins out of sight.
    Cut(&'a str),
}

/// Tokens from the last to the first.
struct Backwards<'a> {
    body: &'a [u8],
    /// Everything from here on was given.
    end: usize,
    least: usize,
}

impl<'a> Iterator for Backwards<'a> {
    type Item = Token<'a>;
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let last = self.body.get(self.least..self.end)?.last()?;
            self.end -= 1;
            match last {
                b'{' | b'[' => return Some(Token::Open),
                b'}' | b']' => return Some(Token::Close),
                b':' => return Some(Token::Colon),
                b',' => return Some(Token::Comma),
                b'"' => return self.text(),
                _ => {}
            }
        }
    }
}

impl<'a> Backwards<'a> {
    /// The string whose closing quote was just passed.
    fn text(&mut self) -> Option<Token<'a>> {
        let close = self.end;
        while let Some(seen) = self.body.get(self.least..self.end) {
            let Some(at) = memrchr(b'"', seen) else { break };
            self.end = self.least + at;
            let escapes = seen.get(..at)?.iter().rev().take_while(|byte| **byte == b'\\').count();
            // At the bound nobody knows how many there are.
            if escapes % 2 == 0 && (escapes < at || self.least == 0) {
                return Some(Token::Text(valid(self.body.get(self.end + 1..close)?)));
            }
        }
        self.end = self.least;
        (self.least > 0).then(|| self.body.get(self.least..close).map(|text| Token::Cut(valid(text))))?
    }
}

/// The text in these bytes, which may begin within a letter.
fn valid(bytes: &[u8]) -> &str {
    let from = bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    std::str::from_utf8(bytes.get(from..).unwrap_or_default()).unwrap_or_default()
}

/// The beginning of a text, at most this long.
pub(super) fn head(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The character of an escape whose backslash was just passed; a space for one that is no letter.
pub(super) fn escaped(rest: &mut Chars<'_>) -> char {
    if rest.next() != Some('u') {
        return ' ';
    }
    let mut code = 0;
    for _ in 0..4 {
        let Some(digit) = rest.next().and_then(|digit| digit.to_digit(16)) else { return ' ' };
        code = code * 16 + digit;
    }
    // Half of a pair is no character; no letter that is told apart takes a pair.
    char::from_u32(code).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(body: &str) -> Vec<&str> {
        let mut texts = Vec::new();
        newest(body.as_bytes(), body.len(), |text| {
            texts.push(text);
            true
        });
        texts
    }

    #[test]
    fn each_dialect_has_the_callers_words_where_they_are_looked_for() {
        for (body, wanted) in [
            (r#"{"messages":[{"role":"user","content":"a"},{"content":"b","role":"user"}]}"#, vec!["b", "a"]),
            (r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"text":"b"}]}]}"#, vec!["b", "a"]),
            (
                r#"{"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"tool_result","content":"t"}]}]}"#,
                vec![],
            ),
            (r#"{"model":"m","input":"a"}"#, vec!["a"]),
            (r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]}],"model":"m"}"#, vec!["a"]),
            (
                r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]}"#,
                vec!["a"],
            ),
            (r#"{"prompt":"a\"}b","n":1}"#, vec![r#"a\"}b"#]),
            (r#"{"prompt":"a\\","n":1}"#, vec![r"a\\"]),
        ] {
            assert_eq!(all(body), wanted, "{body}");
        }
    }

    #[test]
    fn what_is_no_json_gives_nothing_and_fails_nobody() {
        for body in ["", "\"", "{\"", "}}}}", "{{{{", "\\\"", "[[[\"content\":", "{\"messages\":[{\"role\":"] {
            assert!(all(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_head_ends_between_letters() {
        assert_eq!((head("äöü", 3), head("äöü", 9), head("äöü", 0)), ("ä", "äöü", ""));
        assert_eq!((valid(&"ä".as_bytes()[1..]), valid("aä".as_bytes())), ("", "aä"));
    }
}
