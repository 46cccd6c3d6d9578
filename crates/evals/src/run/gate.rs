//! Gates on what a run has so far. What is proven passes or fails; what is not proven is inconclusive, with what it would
//! take; what was not measured because the instrument failed is neither. A run of which nothing was demanded has passed
//! nothing.

use serde::{Deserialize, Serialize};

use super::{
    Figure,
    compare::{Pairs, level, range},
    table::{Column, Mark, Table},
};
use crate::suite::{BASELINE, Gate, MEASURED};

/// How a gate stands, and by its worst gate a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing was demanded: of a run without gates, never of a gate.
    Ungated,
    /// Shown.
    Pass,
    /// Neither shown nor refuted.
    Inconclusive,
    /// Too little could be measured: graders failed, or nobody answered.
    Instrument,
    /// Refuted.
    Fail,
}

impl State {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ungated => "ungated",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Instrument => "instrument",
            Self::Fail => "fail",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Ungated, Self::Pass, Self::Inconclusive, Self::Instrument, Self::Fail]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// One gate on one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct GateOutcome {
    /// The condition in a few words.
    pub name: String,
    /// Whose answers.
    pub arm: String,
    /// How it stands.
    pub state: State,
    /// What was measured: a mean, or a difference from the baseline.
    pub figure: Option<Figure>,
    /// Share of answers with a grade; `None` for what needs no grade.
    pub coverage: Option<f64>,
    /// About so many more items until it is decided, where that can be told.
    pub items_needed: Option<u64>,
    /// Why, in one sentence.
    pub sentence: String,
}

/// Judges one gate on one arm.
pub(super) fn judge(gate: &Gate, table: &Table, arm: usize) -> GateOutcome {
    let name = table.arms.get(arm).cloned().unwrap_or_default();
    let outcome = |state, figure, sentence: String| GateOutcome {
        name: gate.name(),
        arm: name.clone(),
        state,
        figure,
        coverage: None,
        items_needed: None,
        sentence,
    };
    if MEASURED.contains(&gate.metric.as_str()) {
        let values = measured(table, arm, &gate.metric);
        let alpha = 1.0 - gate.confidence;
        return match Figure::of_quantities(&values, alpha) {
            None => outcome(State::Instrument, None, format!("nothing was measured of {}", gate.metric)),
            Some(figure) if figure.n < gate.min_items => {
                outcome(State::Inconclusive, Some(figure), few(gate, figure.n))
            }
            Some(figure) => {
                let (state, sentence) = bounds(gate, &figure);
                outcome(state, Some(figure), sentence)
            }
        };
    }
    let Some(metric) = table.metric(&gate.metric) else {
        return outcome(State::Instrument, None, format!("no metric is called `{}`", gate.metric));
    };
    let column = table.column(arm, metric);
    let judged = match &gate.against {
        Some(against) => relative(gate, table, against, metric, &column),
        None => absolute(gate, &column),
    };
    GateOutcome { name: gate.name(), arm: name.clone(), coverage: coverage(&column), ..judged }
}

fn made(state: State, figure: Option<Figure>, items_needed: Option<u64>, sentence: String) -> GateOutcome {
    GateOutcome { name: String::new(), arm: String::new(), state, figure, coverage: None, items_needed, sentence }
}

/// Graded answers of those that are due.
pub(super) fn coverage(column: &Column) -> Option<f64> {
    (column.due > 0).then(|| column.graded as f64 / column.due as f64)
}

/// The measured means of an arm's answers, by name.
pub(super) fn measured(table: &Table, arm: usize, metric: &str) -> Vec<f64> {
    let rows = table.of_arm(arm);
    match metric {
        "cost_usd" => rows.filter_map(|row| row.cost_usd).collect(),
        "latency_ms" => rows.filter(|row| row.answered).filter_map(|row| row.latency_ms).collect(),
        _ => rows.map(|row| f64::from(u8::from(!row.answered))).collect(),
    }
}

fn few(gate: &Gate, n: u64) -> String {
    format!("{n} items, and the gate wants {}", gate.min_items)
}

/// Too few items to say anything; `None` when there are enough.
fn short(gate: &Gate, n: u64) -> Option<(State, String)> {
    (n < gate.min_items).then(|| (State::Inconclusive, few(gate, n)))
}

/// Too few of the answers have a grade; `None` when enough have.
fn uncovered(gate: &Gate, column: &Column) -> Option<(State, String)> {
    let share = coverage(column).unwrap_or(0.0);
    if share < gate.min_coverage {
        let missing = column.due - column.graded;
        let reasons: Vec<String> = column.unscored.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let sentence = format!(
            "only {:.1} % of the answers have a grade, the gate wants {:.1} %: {}",
            100.0 * share,
            100.0 * gate.min_coverage,
            if reasons.is_empty() { "nothing was asked yet".to_owned() } else { reasons.join(", ") }
        );
        let state = if column.instrument * 2 > missing { State::Instrument } else { State::Inconclusive };
        return Some((state, sentence));
    }
    None
}

/// Bounds on a measured mean.
fn bounds(gate: &Gate, figure: &Figure) -> (State, String) {
    if let Some(min) = gate.min_mean.filter(|min| figure.value < *min) {
        return (State::Fail, format!("mean {} is under {min}", plain(figure.value)));
    }
    if let Some(max) = gate.max_mean.filter(|max| figure.value > *max) {
        return (State::Fail, format!("mean {} is over {max}", plain(figure.value)));
    }
    (State::Pass, format!("mean {} over {} items", plain(figure.value), figure.n))
}

fn absolute(gate: &Gate, column: &Column) -> GateOutcome {
    let alpha = 1.0 - gate.confidence;
    let figure = Figure::of_grades(column.items.values().copied(), alpha);
    let n = figure.map_or(0, |figure| figure.n);
    if let Some((state, sentence)) = uncovered(gate, column).or_else(|| short(gate, n)) {
        return made(state, figure, None, sentence);
    }
    let Some(mean) = figure else {
        return made(State::Instrument, None, None, "nothing has a grade".to_owned());
    };
    let (state, sentence) = bounds(gate, &mean);
    let Some(floor) = gate.floor.filter(|_| state == State::Pass) else {
        return made(state, figure, None, sentence);
    };
    let interval = format!("{} interval {:.3} … {:.3} over {n} items", level(alpha), mean.lower, mean.upper);
    match (mean.lower >= floor, mean.upper < floor) {
        (true, _) => made(State::Pass, figure, None, format!("{interval} lies over {floor}")),
        (_, true) => made(State::Fail, figure, None, format!("{interval} lies under {floor}")),
        _ => made(State::Inconclusive, figure, None, format!("{interval} includes {floor}: more items would tell")),
    }
}

fn relative(gate: &Gate, table: &Table, against: &str, metric: usize, column: &Column) -> GateOutcome {
    let baseline = match against {
        BASELINE => table.baseline,
        name => table.arms.iter().position(|arm| arm == name),
    };
    let Some(baseline) = baseline else {
        let sentence = "there is no baseline to compare with; name a model or a run with `--against`";
        return made(State::Inconclusive, None, None, sentence.to_owned());
    };
    let alpha = 1.0 - gate.confidence;
    let other = table.column(baseline, metric);
    let skipped = || table.of_arm(baseline).any(|row| row.marks.get(metric) == Some(&Mark::Skipped));
    if other.graded == 0 && column.graded > 0 && skipped() {
        let sentence = "the baseline has no grade that means the same: its scorers have changed since, or never ran; \
                        `weir eval rescore` grades a run again";
        return made(State::Inconclusive, None, None, sentence.to_owned());
    }
    let pairs = Pairs::of(column, &other);
    let figure = Figure::of_pairs(&pairs.seen, alpha);
    let beside = |pairs| Figure::of_pairs(pairs, alpha).unwrap_or(Figure { value: 0.0, lower: -1.0, upper: 1.0, n: 0 });
    let (worst, best) = (beside(&pairs.worst), beside(&pairs.best));
    let margin = gate.margin;
    let told = |figure: &Figure| {
        format!("difference {:+.3}, {} interval {} over {} items", figure.value, level(alpha), range(figure), figure.n)
            .replace("difference -", "difference −")
    };
    let enough = worst.n >= gate.min_items;
    // Whatever the missing grades were.
    if enough && pairs.missing > 0 && worst.lower >= -margin {
        let sentence = format!("{}; not worse even if every missing grade went against it", told(&worst));
        return made(State::Pass, figure, None, sentence);
    }
    if enough && pairs.missing > 0 && best.upper < -margin {
        let sentence = format!("{}; worse even if every missing grade went for it", told(&best));
        return made(State::Fail, figure, None, sentence);
    }
    let n = figure.map_or(0, |figure| figure.n);
    let lacking = [column, &other].into_iter().find_map(|side| uncovered(gate, side));
    if let Some((state, sentence)) = lacking.or_else(|| short(gate, n)) {
        return made(state, figure, None, sentence);
    }
    let Some(delta) = figure else {
        return made(State::Instrument, None, None, "no item has a grade from both".to_owned());
    };
    let allowed = format!("−{margin}");
    if delta.lower >= -margin {
        return made(State::Pass, figure, None, format!("{} lies over {allowed}", told(&delta)));
    }
    if delta.upper < -margin {
        return made(State::Fail, figure, None, format!("{} lies under {allowed}", told(&delta)));
    }
    let needed = pairs.needed(margin, alpha);
    let ahead = match needed {
        Some(more) => format!("~{more} more items needed"),
        None => "no number of items in sight would resolve it".to_owned(),
    };
    made(State::Inconclusive, figure, needed, format!("{} includes {allowed}; {ahead}", told(&delta)))
}

/// A number with six decimals at most.
fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
