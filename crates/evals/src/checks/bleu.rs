//! `bleu` and `gleu`: overlap of word n-grams of orders 1 to 4.
//!
//! `bleu`, flavour `sacrebleu` (default): tokeniser 13a, exponential smoothing, effective order, closest reference
//! length, brevity penalty, as `BLEU(effective_order=True).sentence_score / 100` (Post 2018). Flavour `promptfoo`: lower
//! case, words by white space, zero precisions count as 1e-7. `gleu` = matches / max(n-grams of either side) (Wu et al.
//! 2016), flavour `nltk` on words by white space; `promptfoo` also lowers case and drops full stops at word ends.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Check, is_default, ngrams, python, text::TextCheck};
use crate::spec::SpecError;

const ORDERS: usize = 4;

/// `bleu`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BleuSpec {
    /// Whose numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flavour: BleuFlavour,
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BleuFlavour {
    /// sacrebleu's sentence BLEU.
    #[default]
    Sacrebleu,
    /// promptfoo's `bleu`.
    Promptfoo,
}

/// `gleu`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GleuSpec {
    /// Whose numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flavour: GleuFlavour,
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GleuFlavour {
    /// nltk's `sentence_gleu` on words by white space.
    #[default]
    Nltk,
    /// promptfoo's `gleu`.
    Promptfoo,
}

impl BleuSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(TextCheck(match self.flavour {
            BleuFlavour::Sacrebleu => |answer, targets| Some(sacrebleu(answer, targets)),
            BleuFlavour::Promptfoo => |answer, targets| Some(promptfoo_bleu(answer, targets)),
        })))
    }
}

impl GleuSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(TextCheck(match self.flavour {
            GleuFlavour::Nltk => |answer, targets| Some(gleu(answer, targets, |text| python::split(text).collect())),
            GleuFlavour::Promptfoo => |answer, targets| {
                let lower: Vec<String> = targets.iter().map(|target| target.to_lowercase()).collect();
                Some(gleu(&answer.to_lowercase(), &lower, |text| {
                    text.split_whitespace().map(|word| word.trim_end_matches('.')).collect()
                }))
            },
        })))
    }
}

/// Sentence BLEU in `0..=1`.
fn sacrebleu(answer: &str, targets: &[String]) -> f64 {
    let answer = tokens_13a(answer);
    let answer: Vec<&str> = answer.split(' ').filter(|word| !word.is_empty()).collect();
    let targets: Vec<String> = targets.iter().map(|target| tokens_13a(target)).collect();
    let targets: Vec<Vec<&str>> =
        targets.iter().map(|target| target.split(' ').filter(|word| !word.is_empty()).collect()).collect();
    let mut matched = [0; ORDERS];
    for (matched, n) in matched.iter_mut().zip(1..) {
        let mut most: HashMap<&[&str], usize> = HashMap::new();
        for target in &targets {
            for (gram, count) in ngrams::counts(target, n) {
                let known = most.entry(gram).or_default();
                *known = (*known).max(count);
            }
        }
        *matched = ngrams::shared(&ngrams::counts(&answer, n), &most);
    }
    if matched.iter().all(|count| *count == 0) {
        return 0.0;
    }
    let (mut smoothing, mut logs, mut orders) = (1.0, 0.0, 0.0);
    for (matched, n) in matched.into_iter().zip(1..) {
        let total = ngrams::total(answer.len(), n) as f64;
        if total == 0.0 {
            break;
        }
        let precision = if matched == 0 {
            smoothing *= 2.0;
            1.0 / (smoothing * total)
        } else {
            matched as f64 / total
        };
        logs += precision.ln();
        orders += 1.0;
    }
    brevity(answer.len(), targets.iter().map(Vec::len)) * (logs / orders).exp()
}

/// exp(1 − r/c) for an answer of `c` words that is shorter than the closest reference of `r`; of two that are equally
/// close the shorter counts.
fn brevity(answer: usize, targets: impl Iterator<Item = usize>) -> f64 {
    let closest = targets.min_by_key(|target| (target.abs_diff(answer), *target)).unwrap_or(0);
    match answer {
        0 => 0.0,
        answer if answer < closest => (1.0 - closest as f64 / answer as f64).exp(),
        _ => 1.0,
    }
}

/// The tokeniser of mteval-v13a, as sacrebleu has it. Words end up with one space between them.
fn tokens_13a(text: &str) -> String {
    // Constants, which the tests of this file compile.
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"([\{-\~\[-\` -\&\(-\+\:-\@/])", " $1 "),
            (r"([^0-9])([\.,])", "$1 $2 "),
            (r"([\.,])([^0-9])", " $1 $2"),
            (r"([0-9])(-)", "$1 $2 "),
        ]
        .into_iter()
        .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, with)))
        .collect()
    });
    let mut line = text.trim_end_matches(python::is_space).replace("<skipped>", "").replace("-\n", "");
    line = line.replace('\n', " ");
    if line.contains('&') {
        line = line.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    }
    let mut line = Cow::from(format!(" {line} "));
    for (rule, with) in RULES.iter() {
        line = Cow::from(rule.replace_all(&line, *with).into_owned());
    }
    python::split(&line).collect::<Vec<_>>().join(" ")
}

fn promptfoo_bleu(answer: &str, targets: &[String]) -> f64 {
    if answer.trim().is_empty() {
        return 0.0;
    }
    let words = |text: &str| -> Vec<String> { text.to_lowercase().split_whitespace().map(str::to_owned).collect() };
    let answer = words(answer);
    let targets: Vec<Vec<String>> = targets.iter().map(|target| words(target)).collect();
    let (mut logs, mut orders) = (0.0, 0.0);
    for n in (1..=ORDERS).filter(|n| ngrams::total(answer.len(), *n) > 0) {
        let counts = ngrams::counts(&answer, n);
        let best = targets.iter().map(|target| ngrams::shared(&counts, &ngrams::counts(target, n))).max().unwrap_or(0);
        let precision = best as f64 / ngrams::total(answer.len(), n) as f64;
        logs += if precision == 0.0 { 1e-7_f64.ln() } else { precision.ln() };
        orders += 1.0;
    }
    brevity(answer.len(), targets.iter().map(Vec::len)) * (logs / orders).exp()
}

fn gleu(answer: &str, targets: &[String], words: fn(&str) -> Vec<&str>) -> f64 {
    let answer = words(answer);
    let all = |length: usize| (1..=ORDERS).map(|n| ngrams::total(length, n)).sum::<usize>();
    let one = |target: &String| {
        let target = words(target);
        let matched: usize =
            (1..=ORDERS).map(|n| ngrams::shared(&ngrams::counts(&answer, n), &ngrams::counts(&target, n))).sum();
        match all(answer.len()).max(all(target.len())) {
            0 => 0.0,
            most => matched as f64 / most as f64,
        }
    };
    targets.iter().map(one).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade};
    use serde_json::json;

    #[test]
    fn bleu_equals_sacrebleu() {
        let grade = |answer, expected| grade("kind='bleu'", answer, expected);
        let fox = "the fast brown fox leaps over the lazy dog";
        assert!(close(grade("hello world", json!("hello there world")), 0.428_881_942_480_354_5));
        assert!(close(grade("the the the the", json!("the cat")), 0.159_735_776_061_568_1));
        assert!(close(grade(fox, json!([fox, "something else"])), 1.0));
        assert_eq!(grade("", json!("x")), 0.0);
        assert_eq!(grade("x", json!("y")), 0.0);
    }

    #[test]
    fn the_tokeniser_parts_punctuation_from_words_but_not_from_numbers() {
        assert_eq!(
            tokens_13a("Hello, world! 1,000.5 isn't 3-4 &lt;b&gt;"),
            "Hello , world ! 1,000.5 isn't 3 - 4 < b >"
        );
        assert_eq!(tokens_13a("a-\nb<skipped>c\n"), "abc");
    }

    #[test]
    fn gleu_is_the_smaller_of_precision_and_recall() {
        let grade = |answer, expected| grade("kind='gleu'", answer, json!(expected));
        assert!(close(grade("the the the the the the the", "the cat is on the mat"), 1.0 / 11.0));
        assert_eq!(grade("a b", "a b"), 1.0);
        assert_eq!(grade("a b", "c d"), 0.0);
    }
}
