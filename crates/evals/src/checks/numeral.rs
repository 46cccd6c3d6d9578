//! Numbers as people write them, where Python's `float` reads none: digits of any script between marks of thousands,
//! fractions (`2½`), powers (`10³`), Roman and circled figures, and Chinese numerals. As inspect-ai's `match` reads them, so
//! that numbers in answers are found alike; figures of a few rare scripts are left out.

use super::python;

const MINUS: &str = "-\u{2212}\u{fe63}\u{ff0d}负負";
const PLUS: &str = "+\u{ff0b}\u{fe62}正";
/// What stands between groups of digits.
const GROUPS: &str = ",，﹐、٬ \u{a0}\u{202f}\u{2009}\u{2007}\u{2008}'’ʼ＇";
const POINTS: &str = "٫．";

/// Digits that are no decimal ones: super- and subscripts, circled and the like. First code, its digit, how many follow on.
#[rustfmt::skip]
const DIGITS: [(u32, u32, u32); 21] = [
    (0xB2, 2, 2), (0xB9, 1, 1), (0x1369, 1, 9), (0x19DA, 1, 1), (0x2070, 0, 1), (0x2074, 4, 6), (0x2080, 0, 10),
    (0x2460, 1, 9), (0x2474, 1, 9), (0x2488, 1, 9), (0x24EA, 0, 1), (0x24F5, 1, 9), (0x24FF, 0, 1), (0x2776, 1, 9),
    (0x2780, 1, 9), (0x278A, 1, 9), (0x10A40, 1, 4), (0x10E60, 1, 9), (0x11052, 1, 9), (0x1F100, 0, 1), (0x1F101, 0, 10),
];
/// Single characters beyond nine, in the same form.
#[rustfmt::skip]
const FIGURES: [(u32, u32, u32); 33] = [
    (0x215F, 1, 1), (0x2160, 1, 12), (0x216C, 50, 1), (0x216D, 100, 1), (0x216E, 500, 1), (0x216F, 1000, 1),
    (0x2170, 1, 12), (0x217C, 50, 1), (0x217D, 100, 1), (0x217E, 500, 1), (0x217F, 1000, 1), (0x2180, 1000, 1),
    (0x2181, 5000, 1), (0x2182, 10_000, 1), (0x2185, 6, 1), (0x2186, 50, 1), (0x2187, 50_000, 1), (0x2188, 100_000, 1),
    (0x2189, 0, 1), (0x2469, 10, 11), (0x247D, 10, 11), (0x2491, 10, 11), (0x24EB, 11, 10), (0x24FE, 10, 1),
    (0x277F, 10, 1), (0x2789, 10, 1), (0x2793, 10, 1), (0x3021, 1, 9), (0x3192, 1, 4), (0x3220, 1, 10), (0x3251, 21, 15),
    (0x3280, 1, 10), (0x32B1, 36, 15),
];
/// From U+2150 on, one over and so many.
const FRACTIONS: [(f64, f64); 15] = [
    (1.0, 7.0),
    (1.0, 9.0),
    (1.0, 10.0),
    (1.0, 3.0),
    (2.0, 3.0),
    (1.0, 5.0),
    (2.0, 5.0),
    (3.0, 5.0),
    (4.0, 5.0),
    (1.0, 6.0),
    (5.0, 6.0),
    (1.0, 8.0),
    (3.0, 8.0),
    (5.0, 8.0),
    (7.0, 8.0),
];

/// The text as one finite number; `None` where it is none.
pub(crate) fn read(text: &str) -> Option<f64> {
    let (rest, negative) = signed(python::strip(text));
    let sign = if negative { -1.0 } else { 1.0 };
    if let Some(figure) = single(rest) {
        return Some(sign * figure);
    }
    let (base, exponent) = powered(rest)?;
    let number = sign * mixed(base)?;
    let number = match exponent {
        // Python refuses to divide by zero.
        Some(exponent) if number == 0.0 && exponent < 0 => return None,
        Some(exponent) => number.powf(f64::from(exponent)),
        None => number,
    };
    Some(number).filter(|number| number.is_finite())
}

/// What stands behind the signs, and whether these make it negative.
fn signed(text: &str) -> (&str, bool) {
    let mut rest = text;
    let mut negative = false;
    while let Some(first) = rest.chars().next() {
        match (MINUS.contains(first), PLUS.contains(first)) {
            (true, _) => negative = !negative,
            (_, true) => {}
            _ => break,
        }
        rest = rest[first.len_utf8()..].trim_start_matches(python::is_space);
    }
    (rest, negative)
}

fn only(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// A single character that is a number.
fn single(text: &str) -> Option<f64> {
    let c = only(text)?;
    let ideograph =
        || hans(c).or_else(|| small(c)).or_else(|| large(c)).or_else(|| tens(c)).map(|number| number as f64);
    fraction(c).or_else(|| digit(c).map(f64::from)).or_else(|| within(&FIGURES, c).map(f64::from)).or_else(ideograph)
}

fn within(table: &[(u32, u32, u32)], c: char) -> Option<u32> {
    let code = u32::from(c);
    table
        .iter()
        .find_map(|(first, value, count)| code.checked_sub(*first).filter(|past| past < count).map(|past| value + past))
}

fn digit(c: char) -> Option<u32> {
    python::decimal(c).map(u32::from).or_else(|| within(&DIGITS, c))
}

fn fraction(c: char) -> Option<f64> {
    match c {
        '¼' => Some(0.25),
        '½' => Some(0.5),
        '¾' => Some(0.75),
        _ => {
            let at = usize::try_from(u32::from(c).checked_sub(0x2150)?).ok()?;
            FRACTIONS.get(at).map(|(over, under)| over / under)
        }
    }
}

fn superscript(c: char) -> bool {
    matches!(c, '⁰' | '¹' | '²' | '³' | '⁴'..='⁹')
}

/// The base and the power it is raised to. `None` where the power is none that fits a number.
fn powered(text: &str) -> Option<(&str, Option<i32>)> {
    let trimmed = text.trim_end_matches(|c| python::is_space(c) || GROUPS.contains(c));
    let mut base = trimmed.trim_end_matches(superscript);
    if base.len() == trimmed.len() {
        return Some((python::strip(text), None));
    }
    base = base.strip_suffix(['⁻', '⁺']).unwrap_or(base);
    let exponent = &trimmed[base.len()..];
    let base = base.trim_end_matches(python::is_space);
    if base.is_empty() {
        return Some((python::strip(text), None));
    }
    let ascii: String = exponent
        .chars()
        .filter_map(|c| match c {
            '⁻' => Some('-'),
            '⁺' => Some('+'),
            c => char::from_digit(digit(c)?, 10),
        })
        .collect();
    Some((base, Some(ascii.parse().ok()?)))
}

/// A number that may end with a fraction.
fn mixed(text: &str) -> Option<f64> {
    let mut found = text.char_indices().filter_map(|(at, c)| Some((at, c, fraction(c)?)));
    let Some((at, c, part)) = found.next() else { return plain(text) };
    let tail = &text[at + c.len_utf8()..];
    if found.next().is_some() || tail.chars().any(|c| !python::is_space(c) && !GROUPS.contains(c)) {
        return None;
    }
    let head = python::strip(&text[..at]);
    Some(if head.is_empty() { part } else { plain(head)? + part })
}

fn plain(text: &str) -> Option<f64> {
    let text = python::strip(text);
    let is_chinese = |c| hans(c).or_else(|| small(c)).or_else(|| large(c)).or_else(|| tens(c)).is_some();
    let chinese = text.chars().any(|c| is_chinese(c) || is_point(c) || "负負正".contains(c));
    chinese.then(|| chinese_number(text)).flatten().or_else(|| grouped(text)).or_else(|| single(text))
}

/// Digits with marks between groups and one of decimals; of a point and a comma the last one is that of decimals.
fn grouped(text: &str) -> Option<f64> {
    let decimal = match (text.rfind('.'), text.rfind(',')) {
        (Some(point), Some(comma)) => Some(if point > comma { '.' } else { ',' }),
        (Some(_), None) => Some('.'),
        (None, Some(comma)) => {
            let behind = text[comma..].chars().filter(|c| digit(*c).is_some() || hans(*c).is_some()).count();
            (1..=3).contains(&behind).then_some(',')
        }
        (None, None) => None,
    };
    let mut out = String::new();
    let (mut decimals, mut exponent) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, 'e' | 'E') && !exponent {
            if out.is_empty() {
                return None;
            }
            out.push(c);
            exponent = true;
            match chars.peek() {
                Some(sign) if "-\u{2212}\u{fe63}\u{ff0d}".contains(*sign) => out.push('-'),
                Some(sign) if "+\u{ff0b}\u{fe62}".contains(*sign) => out.push('+'),
                _ => continue,
            }
            chars.next();
        } else if POINTS.contains(c) || decimal == Some(c) {
            if std::mem::replace(&mut decimals, true) {
                return None;
            }
            out.push('.');
        } else if GROUPS.contains(c) || python::is_space(c) || (decimal.is_some() && matches!(c, ',' | '.')) {
        } else {
            out.push(char::from_digit(digit(c).or_else(|| hans(c).and_then(|d| u32::try_from(d).ok()))?, 10)?);
        }
    }
    python::finite(&out)
}

fn hans(c: char) -> Option<i128> {
    Some(match c {
        '零' | '〇' | '○' => 0,
        '一' | '壹' | '幺' => 1,
        '二' | '贰' | '貳' | '两' | '兩' => 2,
        '三' | '叁' | '參' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn tens(c: char) -> Option<i128> {
    Some(match c {
        '廿' => 20,
        '卅' => 30,
        '卌' => 40,
        _ => return None,
    })
}

fn small(c: char) -> Option<i128> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        _ => return None,
    })
}

fn large(c: char) -> Option<i128> {
    Some(match c {
        '万' | '萬' => 10_000,
        '亿' | '億' => 100_000_000,
        '兆' => 1_000_000_000_000,
        _ => return None,
    })
}

const fn is_point(c: char) -> bool {
    matches!(c, '点' | '點')
}

fn chinese_number(text: &str) -> Option<f64> {
    let digits = |text: &str| -> Option<Vec<u32>> {
        let read = |c| digit(c).or_else(|| hans(c).and_then(|d| u32::try_from(d).ok()));
        text.chars().filter(|c| !python::is_space(*c)).map(read).collect()
    };
    let split = |mark: fn(char) -> bool| text.split_once(mark);
    let (whole, part) =
        split(is_point).or_else(|| split(|c| c == '．')).or_else(|| split(|c| c == '.')).unwrap_or((text, ""));
    let with_units = whole.chars().any(|c| small(c).or_else(|| large(c)).or_else(|| tens(c)).is_some());
    let number = match with_units {
        true => units(whole)? as f64,
        false => {
            let ascii: String = digits(whole)?.into_iter().filter_map(|digit| char::from_digit(digit, 10)).collect();
            if ascii.is_empty() { 0.0 } else { ascii.parse().ok()? }
        }
    };
    let mut place = 0.1;
    let mut fraction = 0.0;
    for digit in digits(part)? {
        fraction += f64::from(digit) * place;
        place /= 10.0;
    }
    Some(number + fraction)
}

/// A whole number with its units: `三千二百万` is 3200 times ten thousand.
fn units(text: &str) -> Option<i128> {
    let (mut total, mut section, mut number) = (0_i128, 0_i128, 0_i128);
    for c in text.chars().filter(|c| !python::is_space(*c)) {
        if let Some(ten) = tens(c) {
            section = section.saturating_add(ten);
        } else if matches!(c, '零' | '〇' | '○') {
        } else if let Some(digit) = hans(c).or_else(|| digit(c).map(i128::from)) {
            number = digit;
        } else if let Some(unit) = small(c) {
            section = section.saturating_add(number.max(1) * unit);
            number = 0;
        } else {
            let unit = large(c)?;
            total = total.saturating_add(section.saturating_add(number).saturating_mul(unit));
            (section, number) = (0, 0);
        }
    }
    Some(total.saturating_add(section).saturating_add(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, want) in [
            ("2½", Some(2.5)),
            ("\u{2212}½", Some(-0.5)),
            ("½¼", None),
            ("½a", None),
            ("10³", Some(1000.0)),
            ("1.5⁻²", Some(1.5_f64.powf(-2.0))),
            ("-2²", Some(4.0)),
            ("0⁻¹", None),
            ("²", Some(2.0)),
            ("²³", Some(23.0)),
            ("10⁹⁹⁹", None),
            ("Ⅻ", Some(12.0)),
            ("①", Some(1.0)),
            ("+-7", Some(-7.0)),
            ("--7", Some(7.0)),
            ("1'234.5", Some(1234.5)),
            ("1.234,5", Some(1234.5)),
            ("1,5", Some(1.5)),
            ("1,2345", Some(12345.0)),
            ("٣٫١٥", Some(3.15)),
            ("1e\u{2212}3", Some(0.001)),
            ("1.2.3", None),
            ("e5", None),
            ("5x", None),
            ("", None),
            ("-", None),
            ("十", Some(10.0)),
            ("一百二十", Some(120.0)),
            ("三千二百万", Some(32_000_000.0)),
            ("廿三", Some(23.0)),
            ("二〇二五", Some(2025.0)),
            ("三点五", Some(3.5)),
            ("十二⅓", Some(12.0 + 1.0 / 3.0)),
            ("负五", Some(-5.0)),
            ("三天", None),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }
}
