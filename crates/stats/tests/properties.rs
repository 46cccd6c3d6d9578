//! What must hold for all inputs.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use proptest::prelude::*;
use weir_stats::{
    eprocess::{Grid, attempt_alpha, interval, log_e_floor, log_e_harm, log_e_promote, log_e_rollback},
    histogram::{GradeHistogram, PairHistogram, cents},
    sketch::{self, Sketch},
    window::Cell,
};

const HALF_LIFE_S: f64 = 3_600.0;

fn histogram() -> impl Strategy<Value = PairHistogram> {
    prop::collection::vec((-100..=100_i32, 1..300_u64), 0..12).prop_map(PairHistogram::from_iter)
}

/// Times within 60 half-lives of each other: further apart, old grades vanish below the precision of a double.
fn observations() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    let t_s = -100_000.0..100_000.0_f64;
    prop::collection::vec((t_s, 0.0..=1.0_f64, 1.0..=20.0_f64), 1..60)
}

fn cell(landmark_s: f64, observations: &[(f64, f64, f64)]) -> Cell {
    let mut cell = Cell::new(landmark_s, HALF_LIFE_S);
    for &(t_s, grade, weight) in observations {
        cell.add(t_s, grade, weight);
    }
    cell
}

fn alike(left: &Cell, right: &Cell) -> Result<(), TestCaseError> {
    let (left, right) = (left.estimate(0.5).unwrap(), right.estimate(0.5).unwrap());
    prop_assert_eq!(left.n, right.n);
    prop_assert!((left.n_eff - right.n_eff).abs() <= 1e-9 * left.n_eff, "{:?} {:?}", left, right);
    for (a, b) in [(left.mean, right.mean), (left.lower, right.lower), (left.upper, right.upper)] {
        prop_assert!((a - b).abs() <= 1e-9, "{:?} {:?}", left, right);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evidence_to_promote_rises_and_evidence_to_roll_back_falls_with_the_margin(
        pairs in histogram(), a in 0.0..0.5_f64, b in 0.0..0.5_f64,
    ) {
        let grid = Grid::for_margin(0.03);
        let (small, large) = (a.min(b), a.max(b));
        prop_assert!(log_e_promote(&grid, &pairs, small) <= log_e_promote(&grid, &pairs, large) + 1e-9);
        prop_assert!(log_e_rollback(&grid, &pairs, small) >= log_e_rollback(&grid, &pairs, large) - 1e-9);
        prop_assert!(log_e_harm(&grid, &pairs) >= log_e_rollback(&grid, &pairs, small) - 1e-9);
    }

    #[test]
    fn evidence_never_favours_both_sides(pairs in histogram(), margin in 0.001..0.5_f64) {
        let grid = Grid::for_margin(margin);
        let promote = log_e_promote(&grid, &pairs, margin);
        let rollback = log_e_rollback(&grid, &pairs, margin);
        prop_assert!(promote.min(rollback) <= 1e-9, "{promote} {rollback}");
    }

    #[test]
    fn intervals_contain_the_mean_and_nest(pairs in histogram(), a in 0.001..0.5_f64, b in 0.001..0.5_f64) {
        let grid = Grid::for_margin(0.03);
        let narrow = interval(&grid, &pairs, a.max(b));
        let wide = interval(&grid, &pairs, a.min(b));
        prop_assert!(narrow.0 <= pairs.mean() + 1e-9 && pairs.mean() <= narrow.1 + 1e-9);
        prop_assert!(wide.0 <= narrow.0 && narrow.1 <= wide.1);
        prop_assert!(-1.0 <= wide.0 && wide.1 <= 1.0);
    }

    #[test]
    fn swapping_the_arms_mirrors_everything(pairs in histogram(), margin in 0.0..0.5_f64) {
        let grid = Grid::for_margin(0.03);
        let mirrored: PairHistogram = pairs.iter().map(|(cents, count)| (-cents, count)).collect();
        let direct = log_e_rollback(&grid, &pairs, margin);
        let other = log_e_promote(&grid, &mirrored, -margin);
        prop_assert!((direct - other).abs() <= 1e-9 * (1.0 + direct.abs()));
        let (lower, upper) = interval(&grid, &pairs, 0.05);
        let (other_lower, other_upper) = interval(&grid, &mirrored, 0.05);
        prop_assert!((lower + other_upper).abs() <= 1e-9 && (upper + other_lower).abs() <= 1e-9);
    }

    #[test]
    fn histograms_merge_in_any_order(a in histogram(), b in histogram(), c in histogram()) {
        let merged = |parts: &[&PairHistogram]| {
            let mut sum = PairHistogram::default();
            parts.iter().for_each(|part| sum.merge(part));
            sum
        };
        let mut right = b.clone();
        right.merge(&c);
        prop_assert_eq!(merged(&[&a, &b, &c]), merged(&[&c, &a, &b]));
        prop_assert_eq!(merged(&[&a, &b, &c]), merged(&[&a, &right]));
        prop_assert_eq!(merged(&[&a, &PairHistogram::default()]), a);
    }

    #[test]
    fn pairs_are_counted_whatever_their_order(
        mut grades in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 0..40), seed in any::<u64>(),
    ) {
        let count = |grades: &[(f64, f64)]| {
            let mut pairs = PairHistogram::default();
            grades.iter().for_each(|&(candidate, control)| pairs.add(candidate, control));
            pairs
        };
        let before = count(&grades);
        let turn = (seed % 41) as usize % grades.len().max(1);
        grades.rotate_left(turn);
        grades.reverse();
        prop_assert_eq!(count(&grades), before.clone());
        let sum: i32 = grades.iter().map(|&(a, b)| cents(a) - cents(b)).sum();
        prop_assert!((before.mean() * before.n() as f64 * 100.0 - f64::from(sum)).abs() < 1e-6);
    }

    #[test]
    fn grades_at_or_above_the_floor_are_no_evidence_against_it(
        grades in prop::collection::vec(0.0..=1.0_f64, 1..80), floor in 0.0..=1.0_f64,
    ) {
        let mut seen = GradeHistogram::default();
        grades.iter().for_each(|&grade| seen.add(grade));
        let evidence = log_e_floor(&Grid::for_margin(0.03), &seen, floor);
        prop_assert!(seen.mean() < floor || evidence <= 1e-9, "{evidence}");
    }

    #[test]
    fn windows_with_different_landmarks_merge_to_the_single_stream(
        all in observations(), at in 0..60_usize, left in -1e6..1e6_f64, right in -1e6..1e6_f64,
    ) {
        let (a, b) = all.split_at(at.min(all.len()));
        let mut merged = cell(left, a);
        merged.merge(&cell(right, b));
        alike(&merged, &cell(0.0, &all))?;
    }

    #[test]
    fn windows_merge_in_any_order(a in observations(), b in observations(), c in observations()) {
        let (a, b, c) = (cell(0.0, &a), cell(5e4, &b), cell(-5e4, &c));
        let mut left = a.clone();
        left.merge(&b);
        left.merge(&c);
        let mut tail = c.clone();
        tail.merge(&b);
        let mut right = tail;
        right.merge(&a);
        alike(&left, &right)?;
        let mut with_nothing = a.clone();
        with_nothing.merge(&Cell::new(7.0, HALF_LIFE_S));
        alike(&with_nothing, &a)?;
    }

    #[test]
    fn bounds_are_ordered_and_stay_within_the_scale(all in observations(), prior in 0.0..=1.0_f64) {
        let estimate = cell(0.0, &all).estimate(prior).unwrap();
        prop_assert!(0.0 <= estimate.lower && estimate.lower <= estimate.mean);
        prop_assert!(estimate.mean <= estimate.upper && estimate.upper <= 1.0);
        prop_assert!(estimate.n_eff <= estimate.n as f64 + 1e-6);
    }

    #[test]
    fn quantiles_are_within_one_percent_and_merge(
        values in prop::collection::vec(1e-5..1e9_f64, 1..200), at in 0..200_usize, q in 0.0..=1.0_f64,
    ) {
        let sketch = |values: &[f64]| {
            let mut sketch = Sketch::default();
            values.iter().for_each(|&value| sketch.add(value));
            sketch
        };
        let (a, b) = values.split_at(at.min(values.len()));
        let mut merged = sketch(a);
        merged.merge(&sketch(b));
        prop_assert_eq!(&merged, &sketch(&values));
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let exact = sorted[(q * (sorted.len() - 1) as f64).floor() as usize];
        let found = merged.quantile(q).unwrap();
        prop_assert!((found - exact).abs() <= exact * (sketch::RELATIVE_ERROR + 1e-9), "{found} {exact}");
    }
}

#[test]
fn an_empty_sketch_has_no_quantile_and_odd_values_do_no_harm() {
    let mut sketch = Sketch::default();
    assert_eq!(sketch.quantile(0.5), None);
    sketch.add(f64::NAN);
    assert_eq!(sketch.n(), 0);
    sketch.add(-3.0);
    sketch.add(f64::INFINITY);
    assert!(sketch.quantile(0.0).unwrap() <= sketch::MIN * 1.02);
    assert!(sketch.quantile(1.0).unwrap() >= sketch::MAX * 0.98);
    assert_eq!(sketch.quantile(1.5), None);
}

#[test]
fn however_often_it_is_tried_again_the_levels_add_up_to_no_more_than_the_whole() {
    let alpha = 0.01;
    let spent: Vec<f64> = (1..=100_000).map(|attempt| attempt_alpha(alpha, attempt)).collect();
    assert!((spent[0] - 0.9 * alpha).abs() < 1e-15 && spent.windows(2).all(|pair| pair[1] < pair[0]));
    let all: f64 = spent.iter().sum();
    assert!(all <= alpha && all > 0.999 * alpha, "{all}");
}
