//! Tables with a planted truth: what is reported of them, and what gates make of it.

use std::sync::Arc;

use weir_core::{
    Grade, NanoUsd, Timestamp,
    entropy::{Entropy, Seeded, unit},
    run::{RunAnswers, RunOutput, RunScore},
    score::{Unscored, Verdict},
};

use super::{
    report::report,
    table::{Mark, Row},
    *,
};
use crate::suite::{Gate, Suite};

const SUITE: &str =
    "[suite]\nname = 's'\nworkload = 'w'\ndataset = 'd'\n[[scorer]]\nname = 'exact'\nkind = 'exact_match'\n";

fn suite(more: &str) -> Suite {
    Suite::parse(&format!("{SUITE}{more}"), "s.toml", &|_| Err(String::new())).unwrap()
}

fn row(item: usize, arm: usize, mark: Mark) -> Row {
    Row {
        item: format!("{item:05}").into(),
        arm,
        answered: mark != Mark::NoAnswer,
        cost_usd: Some(0.001 * (arm + 1) as f64),
        latency_ms: Some(100.0 + item as f64),
        marks: vec![mark],
    }
}

/// Baseline right on `base` of 100 items, the other arm on `ours`, drawn apart.
fn table(suite: &Suite, items: usize, base: f64, ours: f64) -> Table {
    let entropy = Seeded::new(7);
    let draw = |p: f64| Mark::Graded(f64::from(u8::from(unit(entropy.next_u64()) < p)));
    let rows = (0..items).flat_map(|item| [row(item, 0, draw(base)), row(item, 1, draw(ours))]).collect();
    Table::new(suite, vec!["large".into(), "small".into()], Some(0), rows)
}

fn only(report: &Report) -> &GateOutcome {
    assert_eq!(report.gates.len(), 1);
    &report.gates[0]
}

const AGAINST: &str = "[[gate]]\nmetric = 'quality'\nagainst = 'baseline'\nmargin = 0.05\n";

fn told(suite: &Suite, table: &Table) -> Report {
    report(table, &suite.gates)
}

#[test]
fn a_clear_loss_fails_a_clear_tie_passes_and_few_items_are_inconclusive() {
    let suite = suite(AGAINST);
    let lost = told(&suite, &table(&suite, 300, 0.95, 0.5));
    assert_eq!((lost.verdict, only(&lost).state), (State::Fail, State::Fail), "{lost:?}");
    let quality = lost.comparisons.iter().find(|one| one.metric == "quality").unwrap();
    assert!(
        quality.resolved && quality.delta.upper < -0.3 && quality.sentence.starts_with("worse by 0.4"),
        "{quality:?}"
    );
    assert!(quality.mcnemar_p.unwrap() < 1e-9);
    assert_eq!(quality.wins + quality.ties + quality.losses, 300);

    let tied = told(&suite, &table(&suite, 3_000, 0.9, 0.9));
    assert_eq!(tied.verdict, State::Pass, "{:?}", tied.gates);

    let few = told(&suite, &table(&suite, 30, 0.8, 0.8));
    let gate = only(&few);
    assert_eq!(gate.state, State::Inconclusive, "{gate:?}");
    assert!(gate.items_needed.is_some_and(|more| more > 30) && gate.sentence.contains("more items needed"), "{gate:?}");
    assert!(few.comparisons[0].sentence.starts_with("difference not resolved: 95 % interval −"), "{few:?}");
}

#[test]
fn missing_grades_block_a_pass_unless_they_could_not_matter() {
    let suite = suite(AGAINST);
    let with_missing = |missing: usize, reason: Unscored| {
        let mut rows: Vec<Row> =
            (0..2_000).flat_map(|item| [row(item, 0, Mark::Graded(1.0)), row(item, 1, Mark::Graded(1.0))]).collect();
        rows.iter_mut()
            .filter(|row| row.arm == 1)
            .take(missing)
            .for_each(|row| row.marks = vec![Mark::Unscored(reason)]);
        told(&suite, &Table::new(&suite, vec!["large".into(), "small".into()], Some(0), rows))
    };
    let broken = with_missing(400, Unscored::GraderFailed);
    assert_eq!(only(&broken).state, State::Instrument, "{broken:?}");
    assert!(only(&broken).sentence.contains("400 grader_failed"), "{broken:?}");
    let silent = with_missing(400, Unscored::NoResponse);
    assert_eq!(only(&silent).state, State::Inconclusive);
    let few = with_missing(10, Unscored::GraderFailed);
    assert_eq!(only(&few).state, State::Pass);
    assert!(only(&few).sentence.contains("even if every missing grade went against it"), "{few:?}");
    assert!((only(&few).coverage.unwrap() - 0.995).abs() < 1e-9);
}

#[test]
fn nobody_answering_is_a_failure_of_the_instrument_and_no_zero() {
    let suite = suite("[[gate]]\nmetric = 'exact'\nmin_mean = 0.5\n");
    let rows = (0..40).map(|item| row(item, 0, Mark::NoAnswer)).collect();
    let told = told(&suite, &Table::new(&suite, vec!["large".into()], None, rows));
    assert_eq!(only(&told).state, State::Instrument);
    assert_eq!(told.arms[0].metrics[0].figure, None);
    assert_eq!((told.arms[0].asked, told.arms[0].errors), (40, 40));
}

#[test]
fn a_run_without_an_answer_has_measured_nothing_even_if_nothing_is_demanded_of_it() {
    let suite = suite("");
    let of = |rows| told(&suite, &Table::new(&suite, vec!["large".into(), "small".into()], Some(0), rows)).verdict;
    assert_eq!(of(Vec::new()), State::Instrument);
    assert_eq!(of(vec![row(0, 0, Mark::Graded(1.0)), row(0, 1, Mark::NoAnswer)]), State::Instrument);
    assert_eq!(of(vec![row(0, 1, Mark::Graded(0.0))]), State::Ungated);
}

/// Answers of a run of 60 items by these arms, graded by a version of `exact`.
fn answers(run: &str, arms: &[(&str, f64)], version: &str) -> RunAnswers {
    let output = |ord: u32, arm: &str, grade: f64| RunOutput {
        seq: 0,
        ord,
        arm: arm.to_owned(),
        trial: 0,
        said: Ok("{}".to_owned()),
        span_id: None,
        deployment: None,
        cost: None,
        latency_us: None,
        input_tokens: None,
        output_tokens: None,
        at: Timestamp(0),
        scores: vec![RunScore {
            scorer: "exact".to_owned(),
            version: version.to_owned(),
            verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
            raw: None,
            explanation: None,
            cost: NanoUsd::ZERO,
        }],
    };
    let mut outputs: Vec<RunOutput> =
        (0..60).flat_map(|ord| arms.iter().map(move |(arm, grade)| output(ord, arm, *grade))).collect();
    // As the store lists them.
    outputs.sort_by(|a, b| (a.ord, &a.arm).cmp(&(b.ord, &b.arm)));
    let items = (0..60).map(|ord| (ord, format!("{ord:05}").into())).collect();
    RunAnswers { run: run.to_owned(), first: arms[0].0.to_owned(), items, outputs }
}

fn order(suite: &str) -> Order {
    let order = serde_json::json!({
        "suite": suite, "file": "s.toml", "arms": [{"name": "new"}], "against": {"run": "e-1"}, "at_once": 1,
    });
    serde_json::from_value(order).unwrap()
}

#[test]
fn an_earlier_run_is_its_first_arm_as_it_was_ordered_whatever_the_alphabet_says() {
    let (suite, order) = (suite(AGAINST), order(&format!("{SUITE}{AGAINST}")));
    let earlier = answers("e-1", &[("zebra", 1.0), ("ant", 0.0)], "v1");
    let told = Report::of(&suite, &order, &answers("e-2", &[("new", 0.0)], "v1"), Some(&earlier));
    assert_eq!(told.arms[1].name, "e-1 (zebra)");
    assert_eq!(told.verdict, State::Fail, "{:?}", told.gates);
}

#[test]
fn grades_of_a_scorer_that_has_changed_since_are_no_baseline() {
    let (suite, order) = (suite(AGAINST), order(&format!("{SUITE}{AGAINST}")));
    let ours = answers("e-2", &[("new", 1.0)], "v2");
    let told = Report::of(&suite, &order, &ours, Some(&answers("e-1", &[("old", 0.0)], "v1")));
    assert_eq!((told.verdict, told.comparisons.len()), (State::Inconclusive, 0), "{told:?}");
    assert!(only(&told).sentence.contains("weir eval rescore"), "{told:?}");
    let told = Report::of(&suite, &order, &ours, Some(&answers("e-1", &[("old", 0.0)], "v2")));
    assert_eq!(told.verdict, State::Pass);
}

#[test]
fn a_quality_of_which_a_part_has_changed_since_is_no_baseline_even_where_missing_parts_count_as_zero() {
    let more = "[quality]\nexpr = '0.5*exact + 0.5*tone'\non_missing = 'zero'\n";
    let text = SUITE.replace("[[scorer]]", &format!("{more}[[scorer]]"));
    let text = format!("{text}[[scorer]]\nname = 'tone'\nkind = 'exact_match'\n{AGAINST}");
    let suite = Suite::parse(&text, "s.toml", &|_| Err(String::new())).unwrap();
    let toned = |run: &str, arm: (&str, f64), version: &str| {
        let mut answers = answers(run, &[arm], "v1");
        for output in &mut answers.outputs {
            let exact = output.scores[0].clone();
            output.scores.push(RunScore { scorer: "tone".to_owned(), version: version.to_owned(), ..exact });
        }
        answers
    };
    let ours = toned("e-2", ("new", 0.6), "v2");
    let told = Report::of(&suite, &order(&text), &ours, Some(&toned("e-1", ("old", 1.0), "v1")));
    assert_eq!(told.verdict, State::Inconclusive, "{told:?}");
    let told = Report::of(&suite, &order(&text), &ours, Some(&toned("e-1", ("old", 1.0), "v2")));
    assert_eq!(told.verdict, State::Fail, "{told:?}");
}

#[test]
fn what_was_not_measured_at_all_is_no_zero_even_where_missing_parts_count_as_zero() {
    let quality = "[quality]\nexpr = '0.5*exact + 0.5*tone'\non_missing = 'zero'\n";
    let suite = suite(&format!(
        "[[scorer]]\nname = 'tone'\nkind = 'exact_match'\n{quality}[[gate]]\nmetric = 'quality'\nmin_mean = 0.6\n"
    ));
    let of = |item, marks: [Mark; 2]| Row { marks: marks.to_vec(), ..row(item, 0, marks[0]) };
    let (right, gone) = (Mark::Graded(1.0), Mark::Unscored(Unscored::NotRecorded));
    let told = |rows| told(&suite, &Table::new(&suite, vec!["large".into()], None, rows));
    let report = told(vec![of(0, [right, right]), of(1, [gone, gone]), of(2, [Mark::NoAnswer, Mark::NoAnswer])]);
    let metric = &report.arms[0].metrics[2];
    assert_eq!((metric.figure.map(|figure| figure.value), metric.unscored.len()), (Some(1.0), 2), "{metric:?}");
    assert_eq!(only(&report).state, State::Inconclusive, "{report:?}");
    // A part that is missing beside one that is there counts as the suite says.
    let report = told((0..200).map(|item| of(item, [right, gone])).collect());
    assert_eq!(report.arms[0].metrics[2].figure.map(|figure| figure.value), Some(0.5));
    assert_eq!(only(&report).state, State::Fail);
}

#[test]
fn a_baseline_that_did_not_answer_is_the_instruments_failure() {
    let suite = suite(AGAINST);
    let rows = (0..60).flat_map(|item| [row(item, 0, Mark::NoAnswer), row(item, 1, Mark::Graded(1.0))]).collect();
    let told = told(&suite, &Table::new(&suite, vec!["large".into(), "small".into()], Some(0), rows));
    assert_eq!(told.verdict, State::Instrument, "{told:?}");
}

#[test]
fn floors_are_proven_means_are_measured_and_costs_are_bounded() {
    for (more, items, p, want) in [
        ("[[gate]]\nmetric = 'exact'\nfloor = 0.8\n", 600, 0.95, State::Pass),
        ("[[gate]]\nmetric = 'exact'\nfloor = 0.8\n", 600, 0.5, State::Fail),
        ("[[gate]]\nmetric = 'exact'\nfloor = 0.8\n", 20, 0.9, State::Inconclusive),
        ("[[gate]]\nmetric = 'exact'\nmin_mean = 0.8\n", 20, 0.95, State::Pass),
        ("[[gate]]\nmetric = 'exact'\nmin_mean = 0.8\nmin_items = 50\n", 20, 0.95, State::Inconclusive),
        ("[[gate]]\nmetric = 'cost_usd'\nmax_mean = 0.0015\n", 20, 0.9, State::Fail),
        ("[[gate]]\nmetric = 'cost_usd'\nmax_mean = 0.0025\n", 20, 0.9, State::Pass),
        ("[[gate]]\nmetric = 'latency_ms'\nmax_mean = 50.0\n", 20, 0.9, State::Fail),
        ("[[gate]]\nmetric = 'error_rate'\nmax_mean = 0.01\n", 20, 0.9, State::Pass),
    ] {
        let suite = suite(more);
        let told = told(&suite, &table(&suite, items, 0.5, p));
        assert_eq!(only(&told).state, want, "{more}: {:?}", only(&told));
    }
    let suite = suite("");
    let order = Gate::fail_under(0.85);
    assert_eq!(report(&table(&suite, 50, 0.5, 0.5), &[order]).verdict, State::Fail);
    assert_eq!(told(&suite, &table(&suite, 50, 0.5, 0.5)).verdict, State::Ungated, "without gates nothing is passed");
    // The gates are of the others: a baseline alone is held to nothing.
    let alone = Table::new(&suite, vec!["large".into()], Some(0), vec![row(0, 0, Mark::Graded(1.0))]);
    assert_eq!(report(&alone, &[Gate::fail_under(0.85)]).verdict, State::Ungated);
}

#[test]
fn a_gate_against_a_baseline_that_is_not_there_is_inconclusive() {
    let suite = suite(AGAINST);
    let rows = (0..40).map(|item| row(item, 0, Mark::Graded(1.0))).collect();
    let told = told(&suite, &Table::new(&suite, vec!["small".into()], None, rows));
    assert_eq!(told.verdict, State::Inconclusive);
    assert!(only(&told).sentence.contains("--against"));
}

#[test]
fn trials_are_averaged_before_items_are_paired() {
    let suite = suite("");
    let rows = (0..2).flat_map(|trial| (0..10).map(move |item| row(item, 0, Mark::Graded(f64::from(trial))))).collect();
    let told = told(&suite, &Table::new(&suite, vec!["a".into()], None, rows));
    let metric = &told.arms[0].metrics[0];
    assert_eq!((metric.figure.unwrap().value, metric.figure.unwrap().n), (0.5, 10));
    assert_eq!(told.arms[0].asked, 20);
    assert_eq!(told.arms[0].p95_ms, Some(109.0));
}

#[test]
fn peeking_after_every_item_does_not_break_the_level() {
    let suite = suite(AGAINST);
    let (mut wrong, runs) = (0, 60);
    for seed in 0..runs {
        let entropy = Seeded::new(seed);
        let draw = |p: f64| Mark::Graded(f64::from(u8::from(unit(entropy.next_u64()) < p)));
        let mut rows = Vec::new();
        // Worse by exactly the margin: a pass at any look is an error.
        let passed = (0..300).any(|item| {
            rows.push(row(item, 0, draw(0.9)));
            rows.push(row(item, 1, draw(0.85)));
            item % 10 == 9 && {
                let table = Table::new(&suite, vec!["large".into(), "small".into()], Some(0), rows.clone());
                told(&suite, &table).verdict == State::Pass
            }
        });
        wrong += usize::from(passed);
    }
    assert!(wrong <= 4, "{wrong} of {runs} passed wrongly, at most 2.5 % should");
}

#[test]
fn a_sample_is_the_same_every_time_and_nested() {
    let items: Vec<Arc<str>> = (0..200).map(|item| format!("{item:032x}").into()).collect();
    let take = |count| Take::Sample(count).of(items.clone(), |item| item);
    assert_eq!(take(50), take(50));
    assert_eq!(take(50).len(), 50);
    assert!(take(20).iter().all(|item| take(50).contains(item)));
    assert_eq!(Take::First(3).of(items.clone(), |item| item), items[..3]);
    assert_eq!(take(500).len(), 200);
}
