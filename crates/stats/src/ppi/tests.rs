use super::*;

const Z95: f64 = 1.959_963_984_540_054;

fn numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The answers the reference values were computed on.
fn answers() -> (Labels, Alone) {
    let mut unit = numbers(7);
    let mut labels = Labels::default();
    for _ in 0..60 {
        let judge = (unit() * 100.0).round() / 100.0;
        labels.label(f64::from(u8::from(unit() < 0.2 + 0.6 * judge)), judge);
    }
    let grades: Vec<f64> = (0..400).map(|_| (unit() * 100.0).round() / 100.0).collect();
    (labels, alone(&grades))
}

fn alone(grades: &[f64]) -> Alone {
    let n = grades.len() as f64;
    let mean = grades.iter().sum::<f64>() / n;
    let variance = grades.iter().map(|grade| square(grade - mean)).sum::<f64>() / n;
    Alone { mean, se: (variance / n).sqrt(), n_eff: n }
}

/// `ppi_py.ppi_mean_ci` 0.2.3, alpha 0.05, `lam=1` and `lam=None`: the interval for many labels, without our care.
#[test]
fn it_agrees_with_the_reference_implementation() {
    let (labels, alone) = answers();
    let none = Care { supposed: 0.0, estimated: None };
    for (trust, mean, lower, upper) in [
        (Trust::Full, 0.581_633_33, 0.451_127_55, 0.712_139_12),
        (Trust::Tuned, 0.582_668_45, 0.461_409_06, 0.703_927_84),
    ] {
        let found = labels.estimate(&alone, trust, Z95, none);
        for (found, wanted) in [(found.mean, mean), (found.lower, lower), (found.upper, upper)] {
            assert!((found - wanted).abs() < 1e-8, "{trust:?}: {found} {wanted}");
        }
        let careful = labels.mean(&alone, trust, Z95).unwrap();
        assert!((careful.mean - mean).abs() < 1e-8, "care is about the interval: {careful:?}");
        assert!(careful.upper - careful.lower > upper - lower, "{careful:?}");
    }
}

/// With full trust and 0/1 grades: Bonett and Price 2012, by hand for 60 pairs of which 3 and 6 differ.
#[test]
fn full_trust_is_the_interval_of_paired_proportions() {
    let mut labels = Labels::default();
    (0..3).for_each(|_| labels.label(0.0, 1.0));
    (0..6).for_each(|_| labels.label(1.0, 0.0));
    (0..51).for_each(|_| labels.label(1.0, 1.0));
    let bias = labels.bias(Z95).unwrap();
    let (flatters, harsh, all) = (4.0 / 62.0, 7.0 / 62.0, 62.0);
    let se = ((flatters + harsh - square(flatters - harsh)) / 61.0_f64).sqrt();
    let reach = student(Z95, 61.0) * se;
    assert!(
        (bias.lower - (-3.0 / all - reach)).abs() < 1e-9 && (bias.upper - (-3.0 / all + reach)).abs() < 1e-9,
        "{bias:?}"
    );
    assert!((bias.mean + 3.0 / 60.0).abs() < 1e-12);
}

#[test]
fn parts_merge_to_the_whole_and_too_few_labels_say_nothing() {
    let (labels, alone) = answers();
    let mut parts = Labels::default();
    parts.merge(&labels);
    assert_eq!(parts, labels);
    let mut few = Labels::default();
    few.label(1.0, 0.9);
    few.label(f64::NAN, 0.9);
    few.add(0.0, 1.0, 1.0, 0.0);
    assert_eq!((few.bias(Z95), few.labelled()), (None, 1));
    (1..29).for_each(|_| few.label(1.0, 1.0));
    assert_eq!(few.mean(&alone, Trust::Full, Z95), None);
    few.label(1.0, 1.0);
    let known = few.mean(&alone, Trust::Tuned, Z95).unwrap();
    assert!(known.upper - known.lower > 0.06, "thirty labels alike prove little: {known:?}");
}

#[test]
fn a_flattering_judge_is_corrected() {
    let mut labels = Labels::default();
    for k in 0..200 {
        let human = f64::from(k % 10) / 10.0;
        labels.label(human, human + 0.05);
    }
    let grades: Vec<f64> = (0..2_000).map(|k| f64::from(k % 10) / 10.0 + 0.05).collect();
    let mean = labels.mean(&alone(&grades), Trust::Full, Z95).unwrap();
    assert!((mean.mean - 0.45).abs() < 1e-9, "{mean:?}");
    assert!((labels.bias(Z95).unwrap().mean - 0.05).abs() < 1e-9);
}

/// Whoever is labelled seldom stands for many: 1 of 10 hard answers and every easy one were looked at.
#[test]
fn labels_count_by_the_inverse_of_their_probability() {
    let (mut weighted, mut plain) = (Labels::default(), Labels::default());
    for k in 0..1_000 {
        let hard = k % 2 == 0;
        if hard && k % 20 != 0 {
            continue;
        }
        let (human, judge) = if hard { (0.0, 1.0) } else { (1.0, 1.0) };
        weighted.add(0.0, human, judge, if hard { 10.0 } else { 1.0 });
        plain.label(human, judge);
    }
    assert!((weighted.bias(Z95).unwrap().mean - 0.5).abs() < 1e-9, "{weighted:?}");
    assert!(plain.bias(Z95).unwrap().mean < 0.1);
    assert!(weighted.worth() < 0.4 * plain.worth(), "{} {}", weighted.worth(), plain.worth());
}

#[test]
fn people_alone_are_told_from_the_first_label_on() {
    let mut labels = Labels::default();
    assert_eq!(labels.people(Z95), None);
    labels.label(1.0, 0.2);
    let one = labels.people(Z95).unwrap();
    assert!(one.mean == 1.0 && one.upper == 1.0 && one.lower < 0.2, "{one:?}");
    (0..99).for_each(|k| labels.label(f64::from(u8::from(k % 4 != 0)), 0.2));
    let many = labels.people(Z95).unwrap();
    assert!(many.lower > 0.6 && many.upper < 0.9, "{many:?}");
}

#[test]
fn old_labels_fade_and_a_new_epoch_keeps_a_share() {
    let mut labels = Labels::new(0.0, 100.0);
    (0..100).for_each(|_| labels.add(0.0, 1.0, 0.0, 1.0));
    (0..100).for_each(|_| labels.add(1_000.0, 0.0, 1.0, 1.0));
    assert!(labels.bias(Z95).unwrap().mean > 0.99, "{labels:?}");
    assert!((labels.worth() - 100.0).abs() < 1.0);
    assert!(labels.suffice());
    labels.keep(0.05);
    assert!((labels.worth() - 5.0).abs() < 0.1 && !labels.suffice());
    assert_eq!(labels.labelled(), 200);
}

/// Exact coverage, by summing over every outcome of binary labels: no seed, no luck. The judge's own mean is known.
#[test]
fn every_interval_holds_the_truth_as_often_as_it_says() {
    for (n, truth, right, wrong) in
        [(30, 0.9, 0.97, 0.05), (30, 0.75, 0.98, 0.45), (40, 0.9, 0.8, 0.05), (30, 0.5, 0.7, 0.7)]
    {
        let cells = [(1.0 - truth) * (1.0 - wrong), (1.0 - truth) * wrong, truth * (1.0 - right), truth * right];
        let pass = truth * right + (1.0 - truth) * wrong;
        let alone = Alone { mean: pass, se: (pass * (1.0 - pass) / 1e6_f64).sqrt(), n_eff: 1e6 };
        let mut held = 0.0;
        each(n, &mut |counts| {
            let log: f64 = log_factorial(n)
                + counts
                    .iter()
                    .zip(cells)
                    .map(|(&k, p): (&u32, f64)| f64::from(k) * p.ln() - log_factorial(k))
                    .sum::<f64>();
            let mut labels = Labels::default();
            for (cell, &count) in counts.iter().enumerate() {
                (0..count)
                    .for_each(|_| labels.label(f64::from(u8::from(cell >= 2)), f64::from(u8::from(cell % 2 == 1))));
            }
            let mean = labels.mean(&alone, Trust::Tuned, Z95).unwrap();
            if (mean.lower..=mean.upper).contains(&truth) {
                held += log.exp();
            }
        });
        assert!(held > 0.94, "{n} labels, truth {truth}, judge {right} {wrong}: {held}");
    }
}

fn log_factorial(n: u32) -> f64 {
    (1..=n).map(|k| f64::from(k).ln()).sum()
}

/// Every way to put `n` into four cells.
fn each(n: u32, one: &mut dyn FnMut([u32; 4])) {
    for a in 0..=n {
        for b in 0..=n - a {
            (0..=n - a - b).for_each(|c| one([a, b, c, n - a - b - c]));
        }
    }
}
