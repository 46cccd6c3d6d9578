//! Text normalisation shared by the word-based checks: case, punctuation, articles and numbers, as the SQuAD metric
//! (Rajpurkar et al. 2016) does it and inspect-ai refines it.

/// ASCII punctuation, Python's `string.punctuation`.
pub(crate) fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
}

/// Without white space and punctuation at both ends.
pub(crate) fn trim_punctuation(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_punctuation(c))
}

/// A finite number in ordinary notation; no words such as `inf`.
pub(crate) fn finite(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// The words that count: lower case, without punctuation and articles, numbers by value.
pub(crate) fn significant(text: &str) -> Vec<String> {
    text.split([' ', '-'])
        .flat_map(|token| {
            let token = without_punctuation(&token.to_lowercase());
            let token = match finite(&token) {
                Some(number) => number.to_string(),
                None => without_articles(&token),
            };
            token.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

fn without_punctuation(token: &str) -> String {
    if finite(token).is_some() {
        return token.to_owned();
    }
    let trimmed = trim_punctuation(token);
    if finite(trimmed).is_some() {
        return trimmed.to_owned();
    }
    token.chars().filter(|c| !is_punctuation(*c)).collect()
}

/// Articles go wherever they stand as a word of their own; a token may still hold several words after a line break.
fn without_articles(token: &str) -> String {
    token.split_whitespace().filter(|word| !matches!(*word, "a" | "an" | "the")).collect::<Vec<_>>().join(" ")
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
    }
}
