//! From replies to one outcome: the two orders of a pairwise judge, and the votes of a panel.

use weir_core::{Grade, score::Unscored};

use super::{GraderFailed, JudgeSpec, Judged, Reduce};
use crate::exchange::Outcome;

/// One vote of a pairwise judge from its replies in each order, both from the answer's side: what they agree on, else
/// a tie, because the judge followed the place and not the answer.
///
/// # Errors
/// When one of the replies was outside the contract.
pub fn pair(replies: Vec<Result<Judged, GraderFailed>>) -> Result<Judged, GraderFailed> {
    let mut replies = replies.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter();
    let Some(first) = replies.next() else {
        return Err(GraderFailed { reason: "no reply".into() });
    };
    Ok(match replies.find(|other| other.grade != first.grade) {
        None => first,
        Some(other) => Judged {
            choice: "tie (position)".into(),
            grade: Grade::new(0.5).ok(),
            reasoning: format!("the two orders disagree: {} | {}", first.reasoning, other.reasoning),
        },
    })
}

/// The outcome of a whole panel. Votes that failed count for nothing, except under a majority, where they are missing
/// from it; without any valid vote the grader has failed.
#[must_use]
pub fn conclude(judge: &JudgeSpec, votes: &[Result<Judged, GraderFailed>]) -> Outcome {
    let valid: Vec<&Judged> = votes.iter().filter_map(|vote| vote.as_ref().ok()).collect();
    let Some(first) = valid.first() else {
        let why = votes.iter().rev().find_map(|vote| vote.as_ref().err()).map(ToString::to_string);
        return Outcome::unscored(Unscored::GraderFailed, why.unwrap_or_else(|| "no vote".into()));
    };
    let mut graded: Vec<(Grade, &Judged)> = valid.iter().filter_map(|vote| Some((vote.grade?, *vote))).collect();
    if graded.len() * 2 < valid.len() || graded.is_empty() {
        return Outcome::unscored(Unscored::NoStatements, first.reasoning.clone());
    }
    graded.sort_by(|a, b| a.0.value().total_cmp(&b.0.value()));
    let panel = votes.len().max(judge.panel_size());
    let (grade, why) = match judge.reduce {
        // With an even number of votes left the lower middle counts: a doubtful answer is not graded up.
        Reduce::Median => match graded.get((graded.len() - 1) / 2) {
            Some((grade, vote)) => (grade.value(), vote.reasoning.clone()),
            None => return Outcome::unscored(Unscored::GraderFailed, "no vote"),
        },
        Reduce::Mean => {
            let sum: f64 = graded.iter().map(|(grade, _)| grade.value()).sum();
            (sum / graded.len() as f64, first.reasoning.clone())
        }
        Reduce::Majority => {
            let count = |grade: Grade| graded.iter().filter(|(other, _)| *other == grade).count();
            match graded.iter().find(|(grade, _)| count(*grade) * 2 > panel) {
                Some((grade, vote)) => (grade.value(), vote.reasoning.clone()),
                None => {
                    let why = format!("no grade has more than half of {panel} votes");
                    return Outcome::unscored(Unscored::GraderFailed, why);
                }
            }
        }
    };
    let why = if panel > 1 { format!("{why} ({} of {panel} votes valid)", valid.len()) } else { why };
    Outcome::grade(grade).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(reduce: &str, votes: u32) -> JudgeSpec {
        serde_json::from_value(json!({"model": "m", "template": "factuality", "reduce": reduce, "votes": votes}))
            .unwrap()
    }

    fn vote(grade: f64) -> Result<Judged, GraderFailed> {
        Ok(Judged { choice: String::new(), grade: Grade::new(grade).ok(), reasoning: "r".into() })
    }

    fn failed() -> Result<Judged, GraderFailed> {
        Err(GraderFailed { reason: "prose".into() })
    }

    fn empty() -> Result<Judged, GraderFailed> {
        Ok(Judged { choice: String::new(), grade: None, reasoning: "nothing".into() })
    }

    #[test]
    fn votes_become_one() {
        for (reduce, votes, want) in [
            ("median", vec![vote(1.0), vote(0.0), vote(0.4)], Some(0.4)),
            ("median", vec![vote(1.0), vote(0.0)], Some(0.0)),
            ("median", vec![failed(), vote(1.0), failed()], Some(1.0)),
            ("mean", vec![vote(1.0), vote(0.0), failed()], Some(0.5)),
            ("majority", vec![vote(1.0), vote(1.0), failed()], Some(1.0)),
            ("majority", vec![vote(1.0), failed(), failed()], None),
            ("majority", vec![vote(1.0), vote(0.0), vote(0.4)], None),
        ] {
            let outcome = conclude(&judge(reduce, 3), &votes);
            assert_eq!(outcome.value(), want, "{reduce} {votes:?}");
            if want.is_none() {
                assert_eq!(outcome.reason(), Some(Unscored::GraderFailed));
            }
        }
    }

    #[test]
    fn nothing_to_judge_is_no_grade_and_no_vote_is_a_failed_grader() {
        assert_eq!(conclude(&judge("median", 1), &[empty()]).reason(), Some(Unscored::NoStatements));
        assert_eq!(conclude(&judge("median", 3), &[empty(), vote(1.0), vote(1.0)]).value(), Some(1.0));
        assert_eq!(conclude(&judge("median", 1), &[failed()]).reason(), Some(Unscored::GraderFailed));
        assert_eq!(conclude(&judge("median", 1), &[]).reason(), Some(Unscored::GraderFailed));
    }

    #[test]
    fn two_orders_that_disagree_are_a_tie() {
        let value = |replies| pair(replies).map(|vote| vote.grade.map(Grade::value));
        assert_eq!(value(vec![vote(1.0), vote(1.0)]), Ok(Some(1.0)));
        assert_eq!(value(vec![vote(1.0), vote(0.0)]), Ok(Some(0.5)));
        assert!(value(vec![vote(1.0), failed()]).is_err());
        assert!(value(vec![]).is_err());
    }
}
