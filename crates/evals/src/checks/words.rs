//! Text normalisation shared by the word-based checks: case, punctuation, articles and numbers, as the SQuAD metric
//! (Rajpurkar et al. 2016) does it and inspect-ai refines it.

use std::sync::LazyLock;

use regex::Regex;

use super::python;

/// ASCII punctuation, Python's `string.punctuation`.
pub(crate) fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
}

/// Without the white space (of ASCII) and punctuation at both ends.
pub(crate) fn trim_punctuation(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, ' ' | '\t'..='\r') || is_punctuation(c))
}

/// The words that count: without case, punctuation and articles, numbers by value.
pub(crate) fn significant(text: &str) -> Vec<String> {
    text.split([' ', '-'])
        .flat_map(|token| {
            let token = without_punctuation(&python::casefold(token));
            let token = match python::finite(&token) {
                Some(number) => python::float(number),
                None => without_articles(&token),
            };
            python::split(&token).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

fn without_punctuation(token: &str) -> String {
    if python::finite(token).is_some() {
        return token.to_owned();
    }
    let trimmed = trim_punctuation(token);
    if python::finite(trimmed).is_some() {
        return trimmed.to_owned();
    }
    token.chars().filter(|c| !is_punctuation(*c)).collect()
}

/// Articles go wherever they stand as a word of their own.
fn without_articles(token: &str) -> String {
    // What Python calls a word character; Rust's own class has combining marks as well. The pattern is a constant that
    // the test below compiles.
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]+").ok());
    let Some(words) = WORDS.as_ref() else {
        return token.to_owned();
    };
    let kept = |found: &regex::Captures<'_>| match &found[0] {
        "a" | "an" | "the" => " ".to_owned(),
        word => word.to_owned(),
    };
    words.replace_all(token, kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_articles_punctuation_and_number_spelling_do_not_count() {
        assert_eq!(significant("The Answer!"), ["answer"]);
        assert_eq!(significant("(3.140) apples,\nan orange"), ["3.14", "apples", "orange"]);
        assert_eq!(significant("a - the"), Vec::<String>::new());
        assert_eq!(significant("12"), significant("12.0"));
        assert_eq!(significant("Stra\u{df}e"), significant("STRASSE"));
        assert_eq!(significant("the\u{2014}end a\u{301}"), ["\u{2014}end", "\u{301}"]);
    }
}
