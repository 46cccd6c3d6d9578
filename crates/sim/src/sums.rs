//! What every model knows without having been told: sums of two whole numbers, as people try a model out with.

/// Longer prompts are no sums.
const MAX_BYTES: usize = 80;
/// Of a summand; the result of any operation fits.
const MAX_NUMBER: i64 = 1_000_000_000;
const ASKS: [&str; 5] = ["what is ", "what's ", "how much is ", "calculate ", "compute "];
/// In words first: `x` is in none of them.
const SIGNS: [(&str, Sign); 11] = [
    (" plus ", Sign::Plus),
    (" minus ", Sign::Minus),
    (" times ", Sign::Times),
    (" divided by ", Sign::Over),
    ("+", Sign::Plus),
    ("*", Sign::Times),
    ("×", Sign::Times),
    (" x ", Sign::Times),
    ("÷", Sign::Over),
    ("/", Sign::Over),
    ("−", Sign::Minus),
];

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
    Times,
    Over,
}

/// The result, where the prompt is a sum such as `What is 17 + 25?` and comes out whole.
pub(crate) fn result(prompt: &str) -> Option<i64> {
    if prompt.len() > MAX_BYTES || !prompt.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let lower = prompt.trim().to_lowercase();
    let asked = ASKS.iter().find_map(|ask| lower.strip_prefix(ask)).unwrap_or(&lower);
    let sum = asked.trim_end_matches(['?', '=', '.', ' ']);
    let worded = SIGNS.iter().find_map(|(word, sign)| Some((sum.split_once(word)?, *sign)));
    // A hyphen may also be the sign of the first number.
    let hyphened = || {
        let at = sum.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
        Some(((sum.get(..at)?, sum.get(at + 1..)?), Sign::Minus))
    };
    let ((left, right), sign) = worded.or_else(hyphened)?;
    let (left, right) = (number(left)?, number(right)?);
    match sign {
        Sign::Plus => left.checked_add(right),
        Sign::Minus => left.checked_sub(right),
        Sign::Times => left.checked_mul(right),
        Sign::Over => (left.checked_rem(right)? == 0).then(|| left / right),
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok().filter(|number: &i64| number.abs() <= MAX_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::result;

    #[test]
    fn sums_of_two_whole_numbers_are_known_however_they_are_asked() {
        for (prompt, want) in [
            ("What is 17 + 25?", 42),
            ("what is 6 * 7?", 42),
            ("What is 9 - 4?", 5),
            ("What's 9 minus 14", -5),
            (" 2+2 ", 4),
            ("-3 - 4 = ?", -7),
            ("3 − -4", 7),
            ("How much is 12 × 12?", 144),
            ("Compute 6 x 7.", 42),
            ("84 divided by 2", 42),
            ("84/2=", 42),
            ("0 / 7", 0),
        ] {
            assert_eq!(result(prompt), Some(want), "{prompt}");
        }
    }

    #[test]
    fn what_is_no_such_sum_is_nobodys_guess() {
        let long = format!("What is 1 + {}1?", " ".repeat(80));
        for prompt in [
            "",
            "?",
            "-",
            "hello",
            "7",
            "What is 7?",
            "1/0",
            "7/2",
            "1 + two",
            "1 + 2 + 3",
            "10000000000 + 1",
            "0.5 + 1",
            &long,
        ] {
            assert_eq!(result(prompt), None, "{prompt}");
        }
    }
}
