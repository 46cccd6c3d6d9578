//! What `serde_json` does not check in the values it skips, and where in a document an offset lies.
//!
//! Skipped values are walked without a depth limit and without looking into escapes, numbers and names. A document that
//! passes here cannot hurt a parser behind us: its nesting is bounded, its strings are Unicode, its numbers finite, and no
//! object has a key twice, of which two readers would not agree which counts.

use std::{borrow::Cow, collections::HashSet};

/// Deepest nesting taken; `serde_json` itself gives up at 128.
pub(crate) const MAX_DEPTH: usize = 96;
/// Keys of one object that are compared one by one.
const FEW_KEYS: usize = 24;

/// What is wrong at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    TooDeep,
    LoneSurrogate,
    NotFinite,
    Twice,
}

impl Flaw {
    pub(crate) const fn found(self) -> &'static str {
        match self {
            Self::TooDeep => "nesting deeper than 96 levels",
            Self::LoneSurrogate => "half of a surrogate pair",
            Self::NotFinite => "a number out of range",
            Self::Twice => "the key twice",
        }
    }
    pub(crate) const fn wanted(self) -> &'static str {
        match self {
            Self::TooDeep => "at most 96 levels",
            Self::LoneSurrogate => "valid Unicode",
            Self::NotFinite => "a finite number",
            Self::Twice => "the key once",
        }
    }
}

/// The keys of the objects that are open.
#[derive(Default)]
struct Keys<'a> {
    keys: Vec<Cow<'a, str>>,
    /// Where each open object's keys begin; an array has none.
    open: Vec<Option<usize>>,
    /// Of objects with many keys, by depth.
    many: Vec<(usize, HashSet<Cow<'a, str>>)>,
    /// The next string is a key.
    wanted: bool,
}

impl<'a> Keys<'a> {
    fn begin(&mut self, object: bool) {
        self.open.push(object.then_some(self.keys.len()));
        self.wanted = object;
    }

    fn end(&mut self) {
        if let Some(Some(from)) = self.open.pop() {
            self.keys.truncate(from);
        }
        self.many.pop_if(|(depth, _)| *depth > self.open.len());
        self.wanted = false;
    }

    fn comma(&mut self) {
        self.wanted = matches!(self.open.last(), Some(Some(_)));
    }

    /// Notes a string with its quotes; false for a key that is there already.
    fn string(&mut self, quoted: &'a str) -> bool {
        if !std::mem::take(&mut self.wanted) {
            return true;
        }
        let Some(&Some(from)) = self.open.last() else { return true };
        let plain = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        // However it is written, it is the same key.
        let key = if quoted.contains('\\') {
            serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(plain), Cow::Owned)
        } else {
            Cow::Borrowed(plain)
        };
        let depth = self.open.len();
        if let Some((_, many)) = self.many.last_mut().filter(|(of, _)| *of == depth) {
            return many.insert(key);
        }
        let known = self.keys.get(from..).unwrap_or_default();
        if known.contains(&key) {
            return false;
        }
        if known.len() >= FEW_KEYS {
            let many = self.keys.drain(from..).chain([key]).collect();
            self.many.push((depth, many));
        } else {
            self.keys.push(key);
        }
        true
    }
}

/// One pass over a document that need not be valid JSON: strings are leapt over, structure is counted.
pub(crate) fn lint(text: &str) -> Result<(), (usize, Flaw)> {
    let bytes = text.as_bytes();
    let mut keys = Keys::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at)?;
                if !keys.string(text.get(at..end).unwrap_or_default()) {
                    return Err((end, Flaw::Twice));
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                keys.begin(byte == b'{');
                if keys.open.len() > MAX_DEPTH {
                    return Err((at, Flaw::TooDeep));
                }
            }
            b'}' | b']' => keys.end(),
            b',' => keys.comma(),
            b'-' | b'0'..=b'9' => {
                let end = number_end(bytes, at);
                let token = text.get(at..end).unwrap_or_default();
                // Only an exponent or hundreds of digits can leave the range of f64.
                if (token.len() > 300 || token.contains(['e', 'E']))
                    && token.parse().is_ok_and(|number: f64| !number.is_finite())
                {
                    return Err((at, Flaw::NotFinite));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    start + length.unwrap_or(rest.len())
}

/// The offset behind the closing quote of the string that opens at `start`; the end of input when it never closes.
fn string_end(bytes: &[u8], start: usize) -> Result<usize, (usize, Flaw)> {
    let mut at = start + 1;
    loop {
        let Some(step) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) else {
            return Ok(bytes.len());
        };
        at += step;
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at += match unit(bytes, at) {
            Some(0xd800..=0xdbff) => match unit(bytes, at + 6) {
                Some(0xdc00..=0xdfff) => 12,
                _ => return Err((at, Flaw::LoneSurrogate)),
            },
            Some(0xdc00..=0xdfff) => return Err((at, Flaw::LoneSurrogate)),
            Some(_) => 6,
            None => 2,
        };
    }
}

/// The UTF-16 unit written as `\uXXXX` at `at`, if one is.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(escape).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// The JSON path of the value that holds `offset`, such as `$.messages[2].content`. Used only when refusing a request.
pub(crate) fn path_at(text: &str, offset: usize) -> String {
    enum Frame<'a> {
        Object { key: Option<&'a str> },
        Array { index: usize },
    }
    let bytes = text.as_bytes();
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut at = 0;
    while at < offset {
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b'"' => {
                let end = string_end(bytes, at).unwrap_or(offset);
                if let Some(Frame::Object { key }) = frames.last_mut() {
                    *key = key.or(text.get(at + 1..end.saturating_sub(1)));
                }
                at = end.max(at + 1);
                continue;
            }
            b'{' => frames.push(Frame::Object { key: None }),
            b'[' => frames.push(Frame::Array { index: 0 }),
            b'}' | b']' => {
                frames.pop();
            }
            b',' => match frames.last_mut() {
                Some(Frame::Object { key }) => *key = None,
                Some(Frame::Array { index }) => *index += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    let mut path = String::from("$");
    for frame in frames {
        match frame {
            Frame::Object { key: Some(key) } => {
                path.push('.');
                path.extend(key.chars().take(64));
            }
            Frame::Object { key: None } => {}
            Frame::Array { index } => path.push_str(&format!("[{index}]")),
        }
        if path.len() > 512 {
            path.push('…');
            break;
        }
    }
    path
}

/// The byte offset of a 1-based line and column.
pub(crate) fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    start + column.saturating_sub(1)
}

/// What a JSON value is, by its first byte.
pub(crate) fn kind(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(0xef) => "a byte order mark",
        Some(_) => "what is no JSON",
        None => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_that_a_skipping_parser_misses_are_found() {
        assert_eq!(lint(r#"{"a":"\ud83d\ude00","b":[1e10,-0.5],"c":"\\u"}"#), Ok(()));
        assert_eq!(lint(r#"{"a":"\ud83d"}"#), Err((6, Flaw::LoneSurrogate)));
        assert_eq!(lint(r#""\ude00""#), Err((1, Flaw::LoneSurrogate)));
        assert_eq!(lint("[1e999]"), Err((1, Flaw::NotFinite)));
        assert_eq!(lint(&"[".repeat(MAX_DEPTH)), Ok(()));
        assert_eq!(lint(&"[".repeat(20_000)), Err((MAX_DEPTH, Flaw::TooDeep)));
        assert_eq!(lint("\"open \\"), Ok(()));
    }

    #[test]
    fn a_key_is_there_once_however_it_is_written_and_however_many_there_are() {
        for fine in [r#"{"a":{"a":["a","a"]},"b":{"a":1}}"#, r#"[{"a":1},{"a":1}]"#, r#"{"a":"x","x":"a"}"#] {
            assert_eq!(lint(fine), Ok(()), "{fine}");
        }
        for (text, path) in [
            (r#"{"a":1,"a":2}"#, "$.a"),
            (r#"{"b":[{"a":1,"x":{},"\u0061":2}]}"#, "$.b[0].\\u0061"),
            (r#"{"a":{"b":1},"a":2}"#, "$.a"),
        ] {
            let (at, flaw) = lint(text).unwrap_err();
            assert_eq!((path_at(text, at).as_str(), flaw), (path, Flaw::Twice), "{text}");
        }
        let many = |last: usize| {
            let members: Vec<String> = (0..200).map(|n| format!("\"k{n}\":{{\"k0\":0}}")).collect();
            format!("{{{},\"k{last}\":1}}", members.join(","))
        };
        assert_eq!(lint(&many(200)), Ok(()));
        assert!(lint(&many(7)).is_err() && lint(&many(199)).is_err());
    }

    #[test]
    fn an_offset_becomes_a_path() {
        let text = r#"{"a":1,"messages":[{"x":"}"},{"content":5}]}"#;
        let at = text.find('5').unwrap_or_default();
        assert_eq!(path_at(text, at), "$.messages[1].content");
        assert_eq!(path_at(text, text.len() + 9), "$");
    }
}
