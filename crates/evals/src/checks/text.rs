//! What the text comparisons share: an answer against every target, bounded, an empty answer being as good as any other
//! text.

use weir_core::score::Unscored;

use super::{Check, ngrams::MOST_CHARS};
use crate::exchange::{Exchange, Outcome};

/// A comparison of an answer with all targets; `None` when the work would be too much.
pub(crate) struct TextCheck(pub(crate) fn(&str, &[String]) -> Option<f64>);

impl Check for TextCheck {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        against_targets(exchange, |answer, targets| self.0(answer, targets))
    }
}

/// Runs a comparison of an answer with all targets.
pub(crate) fn against_targets(exchange: &Exchange<'_>, compare: impl Fn(&str, &[String]) -> Option<f64>) -> Outcome {
    let Some(targets) = exchange.targets() else {
        return Outcome::no_reference();
    };
    let answer = exchange.answer.text.as_str();
    if answer.len() > MOST_CHARS || targets.iter().map(String::len).sum::<usize>() > MOST_CHARS {
        return too_long();
    }
    compare(answer, &targets).map_or_else(too_long, Outcome::grade)
}

/// What to say when the bound is reached.
pub(crate) fn too_long() -> Outcome {
    Outcome::unscored(Unscored::ScoringFailed, "the texts are too long to compare")
}
