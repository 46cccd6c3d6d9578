use weir_core::{
    DeploymentId, WorkloadId,
    canary::{Baseline, Canary, CanaryDefaults, CanaryState},
    entropy::Seeded,
    workload::Workload,
};
use weir_optimizer::canary::{Ground, StartRequest, start};

use crate::make::{START, at_s, begin, head, request, started, workload};

type Change = fn(&mut StartRequest);

#[test]
fn a_request_gets_defaults_and_a_first_event() {
    let (canary, event) =
        begin(&StartRequest::new(WorkloadId::from("maths"), DeploymentId::from("sim/small")), &[]).unwrap();
    let plan = &canary.plan;
    assert_eq!((plan.bake_ms, plan.min_duration_ms, plan.horizon_ms), (600_000, 3_600_000, 14 * 86_400_000));
    assert_eq!((plan.risk_budget, plan.verify_pairs, plan.hold_back, plan.shadow_pairs), (0.01, 100, 0.05, 0));
    assert_eq!(canary.plan.steps, [0.01, 0.05, 0.25, 0.5]);
    assert_eq!((canary.plan.margin, canary.plan.alpha_promote, canary.plan.alpha_rollback), (0.03, 0.01, 0.05));
    assert_eq!((canary.plan.min_pairs, canary.plan.step_pairs, canary.plan.max_pairs), (100, 30, 20_000));
    assert_eq!((canary.control.as_str(), canary.base.as_str()), ("sim/large", "r-0001"));
    assert_eq!((canary.id.as_str().len(), canary.version), (10, 1));
    assert_eq!(canary.reason, "started by ada: sim/small against sim/large on 1 % of units each, margin 0.03");
    assert_eq!((event.reason, event.evidence.pairs), (canary.reason, 0));
    assert_eq!((event.evidence.lower, event.evidence.upper), (-1.0, 1.0));
}

#[test]
fn a_request_out_of_range_says_what_is_wanted() {
    let refused = |change: Change| {
        let mut request = request();
        change(&mut request);
        let problem = begin(&request, &[]).unwrap_err();
        (problem.code.status, problem.message)
    };
    let cases: [(Change, u16, &str); 9] = [
        (|r| r.margin = Some(0.0), 400, "margin is 0, wanted 0.001 to 0.5"),
        (|r| r.margin = Some(f64::NAN), 400, "margin is NaN, wanted 0.001 to 0.5"),
        (|r| r.steps = Some(vec![0.25, 0.05]), 400, "steps is [0.25, 0.05], wanted at least one share"),
        (|r| r.steps = Some(vec![]), 400, "steps is [], wanted"),
        (|r| r.steps = Some(vec![0.6]), 400, "steps is [0.6], wanted"),
        (|r| r.max_pairs = Some(50), 400, "max_pairs is 50, wanted at least 100"),
        (|r| r.candidate = DeploymentId::from("sim/tiny"), 400, "wanted one of: sim/large, sim/medium, sim/small"),
        (|r| r.candidate = DeploymentId::from("sim/large"), 409, "\"sim/large\" is already the stable deployment"),
        (|r| r.workload = "law".into(), 404, "no workload \"law\""),
    ];
    for (change, status, wanted) in cases {
        let (found_status, message) = refused(change);
        assert_eq!(found_status, status, "{message}");
        assert!(message.contains(wanted), "{message:?} lacks {wanted:?}");
    }
}

#[test]
fn a_misspelt_field_of_a_request_is_refused() {
    let text = r#"{"workload":"maths","candidate":"sim/small","margins":0.1}"#;
    assert!(serde_json::from_str::<StartRequest>(text).is_err());
    let text = r#"{"workload":"maths","candidate":"sim/small"}"#;
    let plain = StartRequest::new(WorkloadId::from("maths"), DeploymentId::from("sim/small"));
    assert_eq!(serde_json::from_str::<StartRequest>(text).unwrap(), plain);
}

#[test]
fn attempts_spend_less_each_time_and_a_rollback_cools_down() {
    let first = started(&request());
    let over = |state, candidate: &str| Canary { state, candidate: candidate.into(), ..first.clone() };
    let history = [
        over(CanaryState::Expired, "sim/small"),
        over(CanaryState::Superseded, "sim/small"),
        over(CanaryState::Rejected, "sim/small"),
        over(CanaryState::Expired, "sim/medium"),
        Canary { created_at: at_s(-90.0 * 86_400.0), ..over(CanaryState::Expired, "sim/small") },
    ];
    let (third, event) = begin(&request(), &history).unwrap();
    assert_eq!(third.plan.attempt, 3);
    // The second retry: a tenth of the level, spent over all retries.
    let spent = event.evidence.alpha * std::f64::consts::PI.powi(2) * 4.0 / 6.0;
    assert!((spent - 0.001).abs() < 1e-12, "{}", event.evidence.alpha);

    let back = [Canary { changed_at: at_s(-3_600.0), ..over(CanaryState::RolledBack, "sim/small") }];
    let refused = begin(&request(), &back).unwrap_err();
    assert_eq!(refused.code.status, 409);
    assert!(refused.message.contains("may be tried again in 1380 min"), "{}", refused.message);
    assert!(begin(&StartRequest { cooldown_ms: Some(60_000), ..request() }, &back).is_ok());
}

#[test]
fn an_approval_comes_before_everything_and_a_shadow_before_exposure() {
    let approval = started(&StartRequest { approval: true, shadow_pairs: Some(200), ..request() });
    assert_eq!((approval.state, approval.ceiling()), (CanaryState::AwaitingApproval, 0.0));
    let shadow = started(&StartRequest { shadow_pairs: Some(200), ..request() });
    assert_eq!((shadow.state, shadow.ceiling()), (CanaryState::Shadow, 0.0));
    let eyes = started(&StartRequest { four_eyes: true, ..request() });
    assert!(eyes.plan.approval);
    let costly = begin(&StartRequest { must_save: true, ..request() }, &[]).unwrap_err();
    assert_eq!(costly.code.status, 409, "there is no baseline to compare costs with");
}

#[test]
fn a_judge_of_an_arms_family_is_refused_or_accepted_and_on_record() {
    let kin = ["gpt-5, a judge of exact, is of the family of sim/small (openai)".to_owned()];
    let (workload, head) = (Workload { floor: None, ..workload() }, head());
    let ground = Ground { workload: &workload, head: &head, history: &[], baseline: Baseline::default(), kin: &kin };
    let begin = |request: &StartRequest| start(request, &ground, "ada", &Seeded::new(1), START);
    let refused = begin(&request()).unwrap_err();
    assert_eq!((refused.code.code, refused.code.status, &refused.message), ("W0114", 409, &kin[0]));
    assert!(refused.hint.unwrap().contains("`kin_judge`"));
    let by_request = StartRequest { kin_judge: true, ..request() };
    let by_default = request().or(&CanaryDefaults { kin_judge: true, ..CanaryDefaults::default() });
    for accepting in [by_request.clone(), by_default] {
        let (canary, event) = begin(&accepting).unwrap();
        assert_eq!(canary.plan.warnings, kin);
        assert!(event.reason.ends_with(&format!("; accepted: {}", kin[0])), "{}", event.reason);
    }
    let because = StartRequest { reason: " people label it ".to_owned(), ..by_request.clone() };
    let (canary, _) = begin(&because).unwrap();
    assert!(canary.reason.ends_with(&format!("; accepted: {}: people label it", kin[0])), "{}", canary.reason);
    // Where there is nothing to accept nothing is on record.
    let (canary, event) = self::begin(&by_request, &[]).unwrap();
    assert!(canary.plan.warnings.is_empty() && !event.reason.contains("accepted"));
}
