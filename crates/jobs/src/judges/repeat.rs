//! Asked again: a share of a judge's answers is judged a second time, so that everybody sees how often it contradicts
//! itself. The first word is the one that counts.

use weir_core::{
    NanoUsd, ScorerName, SpanId,
    score::{Score, Verdict},
    span::Errand,
};
use weir_evals::{Exchange, Scorer, judge::JudgeSpec};
use weir_store::{Error, JudgeRepeat};

use super::vote;
use crate::{desk::Desk, scoring::point};

/// Share of a judge's answers that it is asked about twice, unless its definition says another.
const SHARE: f64 = 0.05;

/// Asks a judge a second time about what it has just graded, where chance says so. What that cost.
///
/// # Errors
/// When the store refuses.
pub(super) async fn repeat(
    desk: &Desk,
    (name, scorer, spec): (&ScorerName, &Scorer, &JudgeSpec),
    score: &Score,
    exchange: &Exchange<'_>,
) -> Result<NanoUsd, Error> {
    let Verdict::Scored { grade } = &score.verdict else { return Ok(NanoUsd::ZERO) };
    if !is_chosen(spec, scorer.version(), score.span_id) {
        return Ok(NanoUsd::ZERO);
    }
    // From memory it would say what it said.
    let spec = JudgeSpec { no_cache: true, ..spec.clone() };
    let (errand, served_by) = (Errand::about(score.span_id), score.deployment.as_str());
    let (second, cost) = match vote(desk, &spec, scorer.version(), exchange, served_by, &errand).await {
        Ok((outcome, cost)) => (outcome.value(), cost),
        Err(failure) => {
            tracing::debug!(%failure, "a judge that was asked again gave no answer");
            (None, NanoUsd::ZERO)
        }
    };
    let repeat = JudgeRepeat {
        span_id: score.span_id,
        scorer: name.clone(),
        version: scorer.version().to_owned(),
        first: grade.value(),
        second,
        at: desk.clock.now(),
    };
    desk.store.judge_repeat_insert(&repeat).await?;
    Ok(cost)
}

/// A hash decides, so that a job that runs twice asks about the same answers.
fn is_chosen(spec: &JudgeSpec, version: &str, span: SpanId) -> bool {
    point("weir 2026 judge repeats", version, span) < spec.repeat.unwrap_or(SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_in_twenty_is_judged_twice_unless_the_judge_says_another_share() {
        let chosen = |repeat| {
            let spec = JudgeSpec { repeat, ..JudgeSpec::default() };
            (0..20_000).filter(|span| is_chosen(&spec, "v1", SpanId::from_bits(*span))).count()
        };
        assert!((900..1_100).contains(&chosen(None)), "{}", chosen(None));
        assert_eq!((chosen(Some(0.0)), chosen(Some(1.0))), (0, 20_000));
    }
}
