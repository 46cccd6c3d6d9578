use weir_core::{DeploymentId, entropy::Seeded};
use weir_optimizer::canary::{StartRequest, start};

use crate::make::{START, head, request, workload};

type Change = fn(&mut StartRequest);

#[test]
fn a_request_gets_defaults_and_a_first_event() {
    let (canary, event) = start(&request(), &workload(), &head(), "ada", &Seeded::new(3), START).unwrap();
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
        let problem = start(&request, &workload(), &head(), "ada", &Seeded::new(3), START).unwrap_err();
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
    assert_eq!(serde_json::from_str::<StartRequest>(text).unwrap(), request());
}
