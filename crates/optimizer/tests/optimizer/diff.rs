//! Policy diffs: made of facts, the same whenever they are made again.

use serde_json::json;
use weir_core::{language::Language, segment::SegmentBy, snapshot::Quality};
use weir_optimizer::{
    diff::{ChoiceFacts, Facts, LoggedFacts, PairFacts, PartFacts, PolicyDiff, Side, SpendFacts, propose},
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
        p95_ci_us: Some([1.9e6, 2.2e6]),
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
        pairs: None,
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
        words: "2k-8k tools office-hours".to_owned(),
        values: vec![(SegmentBy::InputTokens, 1), (SegmentBy::Tools, 1), (SegmentBy::Hours, 1)],
        tenant: None,
        except: vec!["no-tools".into()],
        share: 0.25,
        discovered: part(0.05),
        held_out: part(0.0),
        considered: 14,
    });
    let diff = propose(&facts).unwrap();
    assert!(diff.quality.delta.abs() < 1e-12, "not what looked best: {}", diff.quality.delta);
    assert!((diff.cost.monthly_saving_usd * 4.0 - whole.cost.monthly_saving_usd).abs() < 1e-6);
    let wanted = "for maths, route turns of 2K to 8K input tokens with tools to sim/small in place of sim/large \
                  between 9:00 and 17:00 UTC on weekdays; regression";
    assert!(diff.sentence.starts_with(wanted), "{}", diff.sentence);
    let scope = json!({"input_tokens": {"gte": 2_000, "lt": 8_000}, "tools": true, "hours": "09-17"});
    assert_eq!((diff.scope.as_ref(), diff.quality.holdout), (Some(&scope), true));
    assert!(propose(&diff.evidence).unwrap().agrees(&diff));
}

#[test]
fn a_scope_of_a_tenant_or_a_language_is_said_in_words_and_in_fields() {
    let part = Difference { delta: 0.0, se: 0.01, n: 900 };
    let of = |values: Vec<(SegmentBy, usize)>, tenant: Option<&str>| {
        let within = Within {
            words: String::new(),
            values,
            tenant: tenant.map(Into::into),
            except: vec!["other-tenants".into()],
            share: 0.25,
            discovered: part,
            held_out: part,
            considered: 14,
        };
        let diff = propose(&Facts { within: Some(within), ..facts() }).unwrap();
        // The facts alone say it again, whatever the configuration names by then.
        assert!(propose(&diff.evidence).unwrap().agrees(&diff));
        (diff.sentence, diff.scope.unwrap())
    };
    let german = (SegmentBy::Language, Language::German.place());
    let (sentence, scope) = of(vec![german, (SegmentBy::Tenant, 1)], Some("globex"));
    assert!(sentence.starts_with("for maths, route turns in German of globex to sim/small in place of"), "{sentence}");
    assert_eq!(scope, json!({"language": "german", "tenant": "globex"}));
    let other = (SegmentBy::Language, Language::Other.place());
    let (sentence, scope) = of(vec![other, (SegmentBy::Tenant, 2)], None);
    assert!(sentence.starts_with("for maths, route turns in other languages of other keys to sim/small"), "{sentence}");
    assert_eq!(scope, json!({"language": "other", "tenant": "other"}));
}

#[test]
fn pairs_of_a_shadow_tell_more_than_windows_and_hold_at_every_look() {
    // Two points worse in 400 same-prompt pairs: the band is the tests' own, not one look's.
    let grades: Vec<(f64, f64)> = (0..400).map(|k| (f64::from(u8::from(k % 50 != 0)), 1.0)).collect();
    let pairs = PairFacts::of(&grades, 0.03).unwrap();
    assert_eq!(PairFacts::of(&grades[..199], 0.03), None);
    let value = Estimate::Refused(Refusal::TooFew { ess: 12.0 });
    let logged = Some(LoggedFacts { from: value, to: value });
    let diff = propose(&Facts { pairs: Some(pairs), logged, ..facts() }).unwrap();
    assert_eq!((diff.quality.method.as_str(), diff.quality.n), ("pairs/grid-eprocess", 400));
    assert!((diff.quality.delta + 0.02).abs() < 1e-12 && diff.quality.ci95 == pairs.ci95);
    assert_eq!(diff.quality.log_e_promote, Some(pairs.log_e_promote));
    assert_eq!((diff.quality.holdout, diff.quality.off_policy_refused), (false, None));
    let bias = Some(Bias { delta: 0.02, se: 0.01, labels: 120 });
    let corrected = propose(&Facts { pairs: Some(pairs), bias, margin: 0.1, ..facts() }).unwrap();
    let wanted = [pairs.ci95[0] - 0.0396, pairs.ci95[1] - 0.0004];
    for (found, wanted) in corrected.quality.ci95.into_iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
    }
}

/// The fields that the plan of the optimizer names; a program that reads diffs finds them under these names.
#[test]
fn a_diff_has_every_field_that_the_plan_names() {
    let grades: Vec<(f64, f64)> = (0..400).map(|_| (1.0, 1.0)).collect();
    let facts = Facts {
        pairs: PairFacts::of(&grades, 0.03),
        bias: Some(Bias { delta: 0.002, se: 0.006, labels: 150 }),
        spend: Some(SpendFacts { se_usd: 0.000_1, score_usd: 0.001, shadow_pairs: 0 }),
        ..facts()
    };
    let diff = serde_json::to_value(propose(&facts).unwrap()).unwrap();
    for path in [
        "/id",
        "/workload",
        "/parent",
        "/op",
        "/from",
        "/to",
        "/traffic/share",
        "/traffic/req_30d",
        "/traffic/req_30d_ci/1",
        "/quality/delta",
        "/quality/ci95/1",
        "/quality/method",
        "/quality/n",
        "/quality/logE_promote",
        "/quality/margin",
        "/quality/holdout",
        "/quality/judge",
        "/quality/judge_bias/delta",
        "/quality/judge_bias/ci95/1",
        "/quality/judge_bias/labels",
        "/cost/per_req_delta_usd",
        "/cost/per_req_ci95/1",
        "/cost/monthly_saving_usd",
        "/cost/ci95/1",
        "/latency/p95_ratio",
        "/latency/ci95/1",
        "/errors/delta",
        "/errors/ci95/1",
        "/plan/n_needed",
        "/plan/eta",
        "/plan/max_expected_loss_pts",
        "/evidence",
        "/sentence",
    ] {
        assert!(diff.pointer(path).is_some_and(|value| !value.is_null()), "{path}: {diff}");
    }
    let number = |path: &str| diff.pointer(path).unwrap().as_f64().unwrap();
    assert!((number("/cost/per_req_ci95/1") - number("/cost/per_req_delta_usd") - 1.96e-4).abs() < 1e-9);
    // Both percentiles are known to 5 % below and 10 % above.
    let (low, high) = (number("/latency/ci95/0"), number("/latency/ci95/1"));
    assert!((low * high - 1.0).abs() < 1e-9 && (1.1..1.12).contains(&high), "{low} {high}");
}
