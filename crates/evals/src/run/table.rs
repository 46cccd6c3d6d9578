//! What a run has so far: one row for each answer, with a mark of every scorer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use weir_core::{
    NanoUsd,
    run::{RunAnswers, RunOutput, RunScore},
    score::{Unscored, Verdict},
};

use super::{Against, Order};
use crate::suite::{QUALITY, Suite};

/// One answer, or the lack of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The item's hash.
    pub(super) item: Arc<str>,
    /// Which arm.
    pub(super) arm: usize,
    /// Something came back.
    pub(super) answered: bool,
    /// Dollars, where the price is known.
    pub(super) cost_usd: Option<f64>,
    /// Whole answer.
    pub(super) latency_ms: Option<f64>,
    /// In the order of the suite's scorers.
    pub(super) marks: Vec<Mark>,
}

/// One scorer's word on one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    /// A grade in `0..=1`.
    Graded(f64),
    /// No grade, and why.
    Unscored(Unscored),
    /// The suite says that this answer is not this scorer's business.
    Skipped,
    /// There was no answer to grade.
    NoAnswer,
}

impl Mark {
    /// The mark of a stored verdict; an answer without one is not this scorer's business.
    const fn of(answered: bool, verdict: Option<&Verdict>) -> Self {
        match verdict {
            _ if !answered => Self::NoAnswer,
            Some(Verdict::Scored { grade }) => Self::Graded(grade.value()),
            Some(Verdict::Unscored { reason }) => Self::Unscored(*reason),
            None => Self::Skipped,
        }
    }

    const fn grade(self) -> Option<f64> {
        match self {
            Self::Graded(grade) => Some(grade),
            _ => None,
        }
    }

    /// The grader or the question failed, which says nothing about the answer.
    const fn is_instrument(self) -> bool {
        matches!(
            self,
            Self::NoAnswer
                | Self::Unscored(
                    Unscored::GraderFailed
                        | Unscored::ScoringFailed
                        | Unscored::Timeout
                        | Unscored::RateLimited
                        | Unscored::BudgetExhausted
                        | Unscored::ConfigError
                )
        )
    }
}

/// All answers of a run, and the names of its arms and metrics.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// Arms by number.
    pub(super) arms: Vec<String>,
    /// The arm that others are compared with.
    pub(super) baseline: Option<usize>,
    /// Scorers in the suite's order, then the quality.
    pub(super) metrics: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// One metric of one arm, item by item.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// Mean grade over the trials of each item that has one.
    pub(super) items: BTreeMap<Arc<str>, f64>,
    /// Items that were asked and have no grade.
    pub(super) missing: Vec<Arc<str>>,
    /// Answers, graded or not, that are this scorer's business.
    pub(super) due: u64,
    /// Of those, with a grade.
    pub(super) graded: u64,
    /// Of those, without a grade because the instrument failed.
    pub(super) instrument: u64,
    /// Answers without a grade, by reason.
    pub(super) unscored: BTreeMap<&'static str, u64>,
    /// Every grade is 0 or 1, and items were asked once.
    pub(super) binary: bool,
}

impl Table {
    /// A table of these rows, whose marks stand in the order of the suite's scorers; the quality is added.
    pub(super) fn new(suite: &Suite, arms: Vec<String>, baseline: Option<usize>, mut rows: Vec<Row>) -> Self {
        for row in &mut rows {
            let mark = quality(suite, row);
            row.marks.push(mark);
        }
        let scorers = suite.scorers.iter().map(|scorer| scorer.name.clone());
        Self { arms, baseline, metrics: scorers.chain([QUALITY.to_owned()]).collect(), rows }
    }

    /// The table of a run as ordered. `earlier` is the run it is compared with, whose first arm stands as the baseline.
    pub(super) fn gather(suite: &Suite, order: &Order, own: &RunAnswers, earlier: Option<&RunAnswers>) -> Self {
        let mut arms: Vec<String> = order.arms.iter().map(|arm| arm.name.clone()).collect();
        let mut rows = Vec::with_capacity(own.outputs.len());
        for output in &own.outputs {
            let arm = arms.iter().position(|arm| *arm == output.arm);
            rows.extend(arm.and_then(|arm| Row::of(suite, own, output, arm)));
        }
        let mut baseline = match &order.against {
            Some(Against::Arm(name)) => arms.iter().position(|arm| arm == name),
            _ => None,
        };
        let mut changed = false;
        if let Some(earlier) = earlier {
            let number = arms.len();
            let versions = versions(own);
            let theirs: Vec<_> = earlier.outputs.iter().filter(|output| output.arm == earlier.first).collect();
            let deciding = suite.deciding();
            let other = |score: &RunScore| {
                let own = versions.get(score.scorer.as_str());
                deciding.contains(&score.scorer.as_str())
                    && own.is_some_and(|own| !own.contains(score.version.as_str()))
            };
            changed = theirs.iter().flat_map(|output| &output.scores).any(other);
            rows.extend(
                theirs.into_iter().filter_map(|output| Row::of(suite, earlier, &comparable(output, &versions), number)),
            );
            arms.push(format!("{} ({})", earlier.run, earlier.first));
            baseline = Some(number);
        }
        let mut table = Self::new(suite, arms, baseline, rows);
        // A quality that is made of other parts is none to compare with, not even where parts that are missing count.
        for row in table.rows.iter_mut().filter(|row| changed && Some(row.arm) == baseline) {
            if let Some(quality) = row.marks.last_mut() {
                *quality = Mark::Skipped;
            }
        }
        table
    }

    /// The number of a metric; `quality` is the suite's, whatever a scorer is called.
    pub(super) fn metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().rposition(|metric| metric == name)
    }

    pub(super) fn of_arm(&self, arm: usize) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.arm == arm)
    }

    pub(super) fn column(&self, arm: usize, metric: usize) -> Column {
        let mut column = Column { binary: true, ..Column::default() };
        let mut sums: BTreeMap<Arc<str>, (f64, u32, u32)> = BTreeMap::new();
        for row in self.of_arm(arm) {
            let Some(mark) = row.marks.get(metric).copied().filter(|mark| *mark != Mark::Skipped) else {
                continue;
            };
            column.due += 1;
            let sum = sums.entry(Arc::clone(&row.item)).or_default();
            sum.2 += 1;
            match mark {
                Mark::Graded(grade) => {
                    column.graded += 1;
                    column.binary &= grade == 0.0 || grade == 1.0;
                    (sum.0, sum.1) = (sum.0 + grade, sum.1 + 1);
                }
                Mark::Unscored(reason) => *column.unscored.entry(reason.name()).or_default() += 1,
                Mark::NoAnswer => *column.unscored.entry("no_answer").or_default() += 1,
                Mark::Skipped => {}
            }
            column.instrument += u64::from(mark.is_instrument());
        }
        for (item, (sum, graded, asked)) in sums {
            column.binary &= asked == 1;
            match graded {
                0 => column.missing.push(item),
                graded => drop(column.items.insert(item, sum / f64::from(graded))),
            }
        }
        column
    }
}

impl Row {
    /// One of a run's answers; `None` when its item is none of the run's.
    fn of(suite: &Suite, answers: &RunAnswers, output: &RunOutput, arm: usize) -> Option<Self> {
        let answered = output.said.is_ok();
        let verdict = |name: &str| output.scores.iter().find(|score| score.scorer == name).map(|score| &score.verdict);
        Some(Self {
            item: Arc::clone(answers.items.get(&output.ord)?),
            arm,
            answered,
            cost_usd: output.cost.map(NanoUsd::as_usd),
            latency_ms: output.latency_us.map(|us| us as f64 / 1000.0),
            marks: suite.scorers.iter().map(|one| Mark::of(answered, verdict(&one.name))).collect(),
        })
    }
}

/// By which versions each scorer graded this run.
fn versions(own: &RunAnswers) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for score in own.outputs.iter().flat_map(|output| &output.scores) {
        versions.entry(&score.scorer).or_default().insert(&score.version);
    }
    versions
}

/// An earlier answer with the grades that mean the same as these: a scorer that changed in between says something else.
fn comparable(output: &RunOutput, versions: &BTreeMap<&str, BTreeSet<&str>>) -> RunOutput {
    let same = |score: &&RunScore| {
        versions.get(score.scorer.as_str()).is_none_or(|ours| ours.contains(score.version.as_str()))
    };
    RunOutput { scores: output.scores.iter().filter(same).cloned().collect(), ..output.clone() }
}

/// The suite's quality of one answer: unscored for the first reason that one of its parts has none.
fn quality(suite: &Suite, row: &Row) -> Mark {
    let mark = |name: &str| {
        let at = suite.scorers.iter().position(|scorer| scorer.name == name)?;
        row.marks.get(at).copied()
    };
    match suite.quality_of(&|name| mark(name).and_then(Mark::grade)) {
        Some(grade) => Mark::Graded(grade),
        None if !row.answered => Mark::NoAnswer,
        None => {
            let own = suite.deciding().into_iter().filter_map(mark);
            own.into_iter().find(|mark| mark.grade().is_none()).unwrap_or(Mark::Unscored(Unscored::ScoringFailed))
        }
    }
}
