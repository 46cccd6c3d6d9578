//! Evidence against reference values. The reference implementation sums the wealth of each bet over the pairs one by
//! one, agrees with an independent betting martingale to 2e-13, and was run on pairs from a 64-bit generator.

use weir_stats::{
    eprocess::{Grid, Tables, interval, log_e_promote, log_e_rollback},
    histogram::PairHistogram,
    srm,
};

const TOLERANCE: f64 = 1e-9;

fn close(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() <= TOLERANCE, "{what}: found {found}, wanted {wanted}");
}

#[test]
fn two_thousand_pass_fail_pairs_give_the_reference_evidence() {
    let pairs: PairHistogram = [(-100, 283), (0, 1407), (100, 310)].into_iter().collect();
    let grid = Grid::for_margin(0.03);
    close(log_e_promote(&grid, &pairs, 0.03), 4.891_105_505_411_559, "promote");
    close(log_e_rollback(&grid, &pairs, 0.03), -4.671_562_021_684_866, "rollback");
    let (lower, upper) = interval(&grid, &pairs, 0.05);
    close(lower, -0.024_970_934_597_400_6, "lower");
    close(upper, 0.051_959_109_857_563_06, "upper");
    close(pairs.mean(), 0.0135, "mean");
    close(pairs.variance(), 0.296_465_982_991_495_74, "variance");
}

#[test]
fn tables_give_the_same_evidence_as_formulas() {
    let pairs: PairHistogram = [(-100, 8), (-50, 168), (-3, 40), (0, 673), (25, 414)].into_iter().collect();
    for margin in [0.005, 0.03, 0.4] {
        let grid = Grid::for_margin(margin);
        let tables = Tables::new(&grid, margin);
        close(tables.log_e_promote(&pairs), log_e_promote(&grid, &pairs, margin), "promote");
        close(tables.log_e_rollback(&pairs), log_e_rollback(&grid, &pairs, margin), "rollback");
    }
}

#[test]
fn small_margins_get_smaller_bets() {
    assert_eq!(Grid::for_margin(0.015).lambdas().len(), 8);
    assert_eq!(Grid::for_margin(0.01).lambdas()[..2], [0.0075, 0.015]);
}

/// All published cases, where they are at hand.
#[test]
fn every_published_case_matches() {
    let Some(dir) = std::env::var_os("WEIR_SHARED_DATA") else {
        println!("skipped: WEIR_SHARED_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&dir).join("policy/golden.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let grid = Grid::for_margin(0.03);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let pairs: PairHistogram = case["hist_cents"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(cents, count)| (cents.parse().unwrap(), count.as_u64().unwrap()))
            .collect();
        assert_eq!(pairs.n(), case["n"].as_u64().unwrap());
        for (margin, wanted) in case["e"].as_object().unwrap() {
            let margin: f64 = margin.parse().unwrap();
            let promote = log_e_promote(&grid, &pairs, margin);
            close(promote, number(&wanted["log_e_promote"]), name);
            let rollback = log_e_rollback(&grid, &pairs, margin);
            close(rollback, number(&wanted["log_e_rollback"]), name);
        }
        let (lower, upper) = interval(&grid, &pairs, 0.05);
        close(lower, number(&case["ci95"][0]), name);
        close(upper, number(&case["ci95"][1]), name);
    }
    for case in golden["srm"].as_array().unwrap() {
        let (a, b) = (case["canary"].as_u64().unwrap(), case["control"].as_u64().unwrap());
        close(srm::log_bayes_factor(a, b), number(&case["log_bf_beta100"]), "srm");
    }
}
