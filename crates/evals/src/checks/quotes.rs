//! `quoted_spans`: the share of quotes of three words or more that stand word for word in the context, white space and
//! case aside (ragas' `quoted_spans_alignment`, which says 0 where nothing is quoted; here there is no grade then).

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, is_default, python};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `quoted_spans`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotedSpansSpec {
    /// Fewest words of a quote that counts; 3 when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_words: Option<usize>,
}

impl QuotedSpansSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for QuotedSpansSpec {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        // A constant, which the tests of this file compile.
        static QUOTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[\"'`´](.*?)[\"'`´]").ok());
        let context = exchange.reference.map(|reference| reference.context.join(" ")).unwrap_or_default();
        if context.is_empty() {
            return Outcome::unscored(Unscored::NoReference, "no context to look the quotes up in");
        }
        let context = normal(&context);
        let quotes = QUOTE.iter().flat_map(|quote| quote.captures_iter(&exchange.answer.text));
        let quotes = quotes.filter_map(|found| found.get(1)).map(|found| python::strip(found.as_str()));
        let (mut found, mut all) = (0_u32, 0_u32);
        for quote in quotes.filter(|quote| python::split(quote).count() >= self.min_words.unwrap_or(3)) {
            all += 1;
            let quote = normal(quote);
            found += u32::from(!quote.is_empty() && context.contains(&quote));
        }
        if all == 0 {
            return Outcome::unscored(Unscored::NoStatements, "the answer quotes nothing");
        }
        Outcome::grade(f64::from(found) / f64::from(all)).because(format!("{found} of {all} quotes found"))
    }
}

fn normal(text: &str) -> String {
    python::split(text).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::{Exchange, Outcome, Reference, ScorerSpec, compile};
    use serde_json::json;
    use weir_core::{chat::Answer, score::Unscored};

    fn run(text: &str, context: &[&str]) -> Outcome {
        let answer = Answer { text: text.into(), ..Answer::default() };
        let context = context.iter().map(|text| (*text).to_owned()).collect();
        let reference = Reference { context, ..Reference::default() };
        let spec = ScorerSpec::parse(&json!({"kind": "quoted_spans"})).unwrap();
        compile(&spec).unwrap().run(&Exchange::new(&[], &answer, Some(&reference)))
    }

    #[test]
    fn quotes_are_looked_up_in_the_context() {
        let context = ["The sky\n is blue today.", "Grass is green."];
        assert_eq!(run("He said \"the SKY is  blue\" and \"grass is very green\".", &context).value(), Some(0.5));
        assert_eq!(run("A \"short one\".", &context).reason(), Some(Unscored::NoStatements));
        assert_eq!(run("\"a b c\"", &[]).reason(), Some(Unscored::NoReference));
    }
}
