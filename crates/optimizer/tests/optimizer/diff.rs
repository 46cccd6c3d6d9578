//! Policy diffs: made of facts, the same whenever they are made again.

use weir_core::snapshot::Quality;
use weir_optimizer::{
    diff::{ChoiceFacts, Facts, LoggedFacts, PartFacts, PolicyDiff, Side, SpendFacts, propose},
    planner::{
        logged::{Bias, Estimate, Within},
        scope::Difference,
    },
};
use weir_stats::off_policy::{Refusal, Value};

use crate::make::START;

fn facts() -> Facts {
    let side = |deployment: &str, mean: f64, cost: f64| Side {
        deployment: deployment.into(),
        quality: Some(Quality { mean, lower: mean - 0.0128, upper: mean + 0.0128, n: 900 }),
        cost_usd: Some(cost),
        requests: 1_000,
        failed: 10,
        p95_us: Some(2e6),
    };
    Facts {
        workload: "maths".into(),
        parent: "r-0001".into(),
        at: START,
        scorer: "exact".into(),
        version: "1".to_owned(),
        floor: Some(0.8),
        margin: 0.03,
        alpha: 0.01,
        sample: 1.0,
        share: 0.05,
        daily: vec![10_000; 28],
        from: side("sim/large", 0.9, 0.01),
        to: side("sim/small", 0.89, 0.002),
        logged: None,
        bias: None,
        within: None,
        spend: None,
        parts: Vec::new(),
    }
}

#[test]
fn a_diff_says_what_it_saves_and_what_it_risks() {
    let diff = propose(&facts()).unwrap();
    assert!((diff.cost.monthly_saving_usd - 2_400.0).abs() < 1e-6);
    assert!((diff.quality.delta + 0.01).abs() < 1e-12);
    assert!(diff.quality.ci95[0] < diff.quality.delta && diff.quality.delta < diff.quality.ci95[1]);
    assert_eq!(
        diff.sentence,
        "for maths, route to sim/small in place of sim/large; regression 1.0 pt [−1.8, 3.8]; monthly saving $2,400 \
         [$2,388, $2,412]"
    );
    assert!(diff.plan.n_needed > 0 && diff.plan.eta.unwrap().starts_with('P'));
}

#[test]
fn what_proving_costs_and_how_sure_the_price_is_are_in_the_saving() {
    let free = propose(&facts()).unwrap();
    let spend = SpendFacts { se_usd: 0.000_5, score_usd: 0.001, shadow_pairs: 200 };
    let dear = propose(&Facts { spend: Some(spend), ..facts() }).unwrap();
    let trial = 2.0 * dear.plan.n_needed as f64 * 0.001 + 200.0 * (0.002 + 2.0 * 0.001);
    assert!((dear.cost.trial_usd - trial).abs() < 1e-9, "{:?}", dear.cost);
    assert!((free.cost.monthly_saving_usd - dear.cost.monthly_saving_usd - trial).abs() < 1e-6);
    // 300,000 requests at ± 0.0005: 150 dollars, which the traffic's own doubt of 6 hardly widens.
    let reach = dear.cost.ci95[1] - dear.cost.monthly_saving_usd;
    assert!((reach / 1.96 - 150.0).abs() < 1.0, "{reach}");
}

#[test]
fn a_diff_shows_every_mix_that_is_cheapest_at_some_price_of_quality() {
    let choice =
        |deployment: &str, cost_usd: f64, lower: f64| ChoiceFacts { deployment: deployment.into(), cost_usd, lower };
    let part = |segment: &str, small: f64| PartFacts {
        segment: segment.into(),
        share: 0.5,
        choices: vec![choice("sim/large", 0.01, 0.9), choice("sim/small", 0.002, small)],
    };
    let diff = propose(&Facts { parts: vec![part("easy", 0.88), part("hard", 0.5)], ..facts() }).unwrap();
    let frontier = diff.frontier.clone().unwrap();
    let costs: Vec<f64> = frontier.mixes.iter().map(|mix| (mix.cost_usd * 1e6).round() / 1e6).collect();
    // Both small; the hard part to the large one first, because quality is cheaper there; both large.
    assert_eq!(costs, [0.002, 0.006, 0.01]);
    let middle = &frontier.mixes[1].serves;
    assert_eq!((middle["easy"].as_str(), middle["hard"].as_str()), ("sim/small", "sim/large"));
    assert!(frontier.mixes[2].usd_per_point.is_none());
    // The floor of 0.8 lies between the first two.
    let wanted = 0.002 + (0.8 - 0.69) / (0.89 - 0.69) * 0.004;
    assert!((frontier.at_floor_usd.unwrap() - wanted).abs() < 1e-12, "{frontier:?}");
    let stored: PolicyDiff = serde_json::from_str(&serde_json::to_string(&diff).unwrap()).unwrap();
    assert!(stored.frontier.is_some() && propose(&stored.evidence).unwrap().agrees(&diff));
}

#[test]
fn a_diff_is_replayed_from_its_stored_facts() {
    let diff = propose(&facts()).unwrap();
    let stored: PolicyDiff = serde_json::from_str(&serde_json::to_string(&diff).unwrap()).unwrap();
    let again = propose(&stored.evidence).unwrap();
    assert!(again.agrees(&stored) && again.agrees(&diff));
    let mut other = facts();
    other.to.cost_usd = Some(0.003);
    assert!(!propose(&other).unwrap().agrees(&diff));
}

#[test]
fn nothing_is_proposed_that_saves_nothing_or_is_likely_too_bad() {
    let change = |change: fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        propose(&facts)
    };
    assert_eq!(change(|facts| facts.to.cost_usd = Some(0.02)), None);
    assert_eq!(change(|facts| facts.to.cost_usd = None), None);
    assert_eq!(change(|facts| facts.from.quality = None), None);
    let bad = |facts: &mut Facts| facts.to.quality = Some(Quality { mean: 0.6, lower: 0.58, upper: 0.62, n: 900 });
    assert_eq!(change(bad), None);
    assert!(change(|facts| facts.daily = Vec::new()).unwrap().plan.eta.is_none());
}

#[test]
fn logged_traffic_values_a_route_where_it_reaches_and_says_why_where_it_does_not() {
    let value = |dr: f64| Estimate::Valued(Value { ips: dr, snips: dr, dr, se: 0.005, ess: 1_500.0, n: 4_000 });
    let mut facts = facts();
    facts.logged = Some(LoggedFacts { from: value(0.9), to: value(0.91) });
    let diff = propose(&facts).unwrap();
    assert_eq!((diff.quality.method.as_str(), diff.quality.n), ("off-policy, doubly robust", 1_500));
    assert!((diff.quality.delta - 0.01).abs() < 1e-12 && diff.quality.off_policy_refused.is_none());
    facts.logged = Some(LoggedFacts { from: value(0.9), to: Estimate::Refused(Refusal::TooFew { ess: 12.0 }) });
    let refused = propose(&facts).unwrap();
    assert_eq!(refused.quality.method, "windows");
    let why = refused.quality.off_policy_refused.as_deref().unwrap();
    assert!(why.contains("12 effective answers") && why.contains("shadow or a canary"), "{why}");
}

#[test]
fn a_flattering_scorer_is_corrected_by_what_people_said() {
    let mut facts = facts();
    let before = propose(&facts).unwrap();
    facts.bias = Some(Bias { delta: 0.02, se: 0.01, labels: 120 });
    let after = propose(&facts).unwrap();
    assert!((before.quality.delta - after.quality.delta - 0.02).abs() < 1e-12);
    let width = |diff: &PolicyDiff| diff.quality.ci95[1] - diff.quality.ci95[0];
    assert!(width(&after) > width(&before));
    assert_eq!(after.quality.judge_bias.unwrap().labels, 120);
}

#[test]
fn a_scope_is_told_by_the_half_that_did_not_choose_it_and_saves_in_proportion() {
    let part = |delta: f64| Difference { delta, se: 0.01, n: 900 };
    let mut facts = facts();
    let whole = propose(&facts).unwrap();
    facts.within = Some(Within {
        words: "tools".to_owned(),
        except: vec!["no-tools".into()],
        share: 0.25,
        discovered: part(0.05),
        held_out: part(0.0),
        considered: 14,
    });
    let diff = propose(&facts).unwrap();
    assert!(diff.quality.delta.abs() < 1e-12, "not what looked best: {}", diff.quality.delta);
    assert!((diff.cost.monthly_saving_usd * 4.0 - whole.cost.monthly_saving_usd).abs() < 1e-6);
    assert!(diff.sentence.starts_with("for maths, route tools prompts to sim/small in place of"), "{}", diff.sentence);
    assert_eq!(diff.scope.as_deref(), Some("tools"));
    assert!(propose(&diff.evidence).unwrap().agrees(&diff));
}
