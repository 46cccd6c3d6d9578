//! Rules of Python that decide scores: the oracles are Python packages, and what counts as white space, a number or a
//! digit there is not what it is in Rust.

use serde_json::Value;

use crate::canonical::compact;

/// `str.isspace` of one character: Unicode white space and the four information separators of ASCII.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.split()`.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.casefold()`: what differs from lower case is folded fully (`ß` is `ss`).
pub(crate) fn casefold(text: &str) -> String {
    caseless::default_case_fold_str(text)
}

/// `float(text)` where it is finite: outer white space, underscores between digits and every decimal digit of Unicode
/// are fine. A text of ASCII alone may have white space of C around it, any other that of Unicode: Python looks for the
/// information separators in the second case only.
pub(crate) fn finite(text: &str) -> Option<f64> {
    let text = if text.is_ascii() { text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']) } else { strip(text) };
    let mut ascii = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut after_digit = false;
    while let Some(c) = chars.next() {
        let digit = decimal(c);
        match (c, digit) {
            (_, Some(digit)) => ascii.push(char::from(b'0' + digit)),
            ('_', _) if after_digit && chars.peek().is_some_and(|next| decimal(*next).is_some()) => {}
            ('+' | '-' | '.' | 'e' | 'E', _) => ascii.push(c),
            _ => return None,
        }
        after_digit = digit.is_some();
    }
    ascii.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Each block of ten decimal digits (category Nd) begins with its zero.
#[rustfmt::skip]
const ZEROS: [u32; 69] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50,
    0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0,
    0x1E4F0, 0x1E950, 0x1FBF0, 0x1E5F1,
];

/// The value of a decimal digit of any script (category Nd).
pub(crate) fn decimal(c: char) -> Option<u8> {
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10)).and_then(|d| u8::try_from(d).ok())
}

/// `repr(number)` of a finite number: the shortest digits, an exponent below 1e-4 and from 1e16 on.
pub(crate) fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// `json.dumps(value, separators=(",", ":"), sort_keys=True)`: characters beyond ASCII as `\u` escapes.
pub(crate) fn dumps(value: &Value) -> String {
    let mut out = String::new();
    dump(value, &mut out);
    out
}

/// `str(value)`: texts bare, everything else as `repr` writes it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        Value::Number(_) => dumps(value),
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut out = String::from(quote);
            for c in text.chars() {
                match c {
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    '\\' => out.push_str("\\\\"),
                    c if c == quote => out.extend(['\\', c]),
                    c => out.push(c),
                }
            }
            out.push(quote);
            out
        }
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, field)| format!("{}: {}", repr(&Value::from(key.as_str())), repr(field)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn dump(value: &Value, out: &mut String) {
    compact(value, out, &dump_leaf, &dump_text);
}

fn dump_leaf(leaf: &Value, out: &mut String) {
    match leaf {
        Value::String(text) => dump_text(text, out),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => out.push_str(&float(number)),
            None => out.push_str(&number.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

fn dump_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, want) in [
            (" 1_000.5\u{b}", Some(1000.5)),
            ("1\u{1f}", None),
            ("\u{1d}１\u{1f}", Some(1.0)),
            ("٣٫", None),
            ("٣", Some(3.0)),
            ("１２.５", Some(12.5)),
            ("1e3", Some(1000.0)),
            (".5", Some(0.5)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("inf", None),
            ("nan", None),
            ("1e999", None),
            ("", None),
            ("+-1", None),
        ] {
            assert_eq!(finite(text), want, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, want) in [
            (0.1, "0.1"),
            (100.0, "100.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-4, "0.0001"),
            (1.5e-5, "1.5e-05"),
            (-0.0, "-0.0"),
            (1e100, "1e+100"),
        ] {
            assert_eq!(float(number), want);
        }
    }

    #[test]
    fn dumps_escape_what_is_not_ascii() {
        assert_eq!(
            dumps(&json!({"b": [1, 1.0], "a": "é😀\u{7f}\n"})),
            r#"{"a":"\u00e9\ud83d\ude00\u007f\n","b":[1,1.0]}"#
        );
    }
}
