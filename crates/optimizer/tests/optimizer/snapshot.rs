use std::{collections::HashMap, sync::Arc, time::Duration};

use indexmap::IndexMap;
use weir_core::{
    DeploymentId, WorkloadId,
    canary::{Canary, CanaryState, HoldCause},
    deployment::{Capabilities, Deployment, Dialect},
    policy::{Author, Policy},
    snapshot::WorkloadView,
};
use weir_optimizer::{
    revision,
    snapshot::{Granted, Inputs, OutputTokens, WorkloadInput, build},
    windows::Windows,
};

use crate::make::{START, head, request, score, started, workload};

fn deployments() -> IndexMap<DeploymentId, Arc<Deployment>> {
    ["sim/large", "sim/medium", "sim/small"]
        .into_iter()
        .map(|id| {
            let deployment = Deployment {
                id: DeploymentId::from(id),
                provider: "sim".into(),
                dialect: Dialect::OpenaiChat,
                base_url: "http://127.0.0.1:1/v1".into(),
                model: id.into(),
                capabilities: Capabilities::default(),
                price: None,
            };
            (DeploymentId::from(id), Arc::new(deployment))
        })
        .collect()
}

fn view(policy: &Policy, canary: Option<&Canary>, windows: &Windows) -> Arc<WorkloadView> {
    let output_tokens: OutputTokens =
        HashMap::from([((WorkloadId::from("maths"), DeploymentId::from("sim/small")), 41.5)]);
    let canary = canary.map(|canary| Granted { canary, share: 0.25, until: Duration::from_secs(30) });
    let snapshot = build(&Inputs {
        seq: 9,
        deployments: &deployments(),
        workloads: vec![WorkloadInput { workload: Arc::new(workload()), policy: Arc::new(policy.clone()), canary }],
        windows,
        output_tokens: &output_tokens,
        now: START,
    });
    assert_eq!((snapshot.seq, snapshot.score_seq), (9, windows.score_seq()));
    assert_eq!(snapshot.deployments.len(), 3);
    Arc::clone(&snapshot.workloads["maths"])
}

fn flags(view: &WorkloadView) -> Vec<(bool, bool)> {
    view.candidates.iter().map(|candidate| (candidate.admitted, candidate.stable)).collect()
}

#[test]
fn at_first_only_the_first_candidate_is_admitted() {
    let view = view(&head(), None, &Windows::default());
    assert_eq!(flags(&view), [(true, true), (false, false), (false, false)]);
    assert!(view.canary.is_none());
    assert_eq!(view.candidates[2].output_tokens, Some(41.5));
    assert!(view.candidates.iter().all(|candidate| candidate.quality.is_none()));
}

#[test]
fn a_promoted_candidate_is_stable_and_the_old_one_stays_admitted() {
    let author = Author::Operator { name: "ada".into() };
    let policy = revision::promote(&head(), (&DeploymentId::from("sim/small"), &[]), author, "proven".into(), START);
    assert_eq!(policy.revision.as_str(), "r-0002");
    assert_eq!(policy.parent, Some(head().revision));
    assert_eq!(flags(&view(&policy, None, &Windows::default())), [(true, false), (false, false), (true, true)]);
}

#[test]
fn a_window_of_the_quality_scorer_reaches_the_router() {
    let mut windows = Windows::default();
    windows.fold(1, &score("sim/large", Ok(1.0), START));
    let mut other = score("sim/medium", Ok(1.0), START);
    other.scorer = "length".into();
    windows.fold(2, &other);
    let view = view(&head(), None, &windows);
    assert_eq!(view.candidates[0].quality.unwrap().n, 1);
    assert_eq!(view.candidates[1].quality, None);
}

#[test]
fn a_canary_is_exposed_as_far_as_its_state_allows_and_only_until_its_lease_ends() {
    let canary = started(&request());
    let windows = Windows::default();
    let slot = view(&head(), Some(&canary), &windows).canary.clone().unwrap();
    assert_eq!((slot.share, slot.salt, slot.lease_until), (0.01, canary.plan.salt, Duration::from_secs(30)));
    assert_eq!((slot.candidate.as_str(), slot.control.as_str()), ("sim/small", "sim/large"));
    for state in [CanaryState::Held, CanaryState::Promoted, CanaryState::RolledBack, CanaryState::Expired] {
        let canary = Canary { state, ..canary.clone() };
        assert!(view(&head(), Some(&canary), &windows).canary.is_none());
    }
    let stepped_down = Canary { state: CanaryState::Held, held: Some(HoldCause::Harm), step: 2, ..canary.clone() };
    assert_eq!(view(&head(), Some(&stepped_down), &windows).canary.as_ref().unwrap().share, 0.01);
    let verifying = Canary { state: CanaryState::Verifying, ..canary.clone() };
    let slot = view(&head(), Some(&verifying), &windows).canary.clone().unwrap();
    assert_eq!((slot.share, slot.takes_over), (0.05, true));
    let gone = Canary { candidate: DeploymentId::from("sim/gone"), ..canary };
    assert!(view(&head(), Some(&gone), &windows).canary.is_none());
}

#[test]
fn a_configuration_without_the_stable_deployment_still_has_one() {
    let mut policy = head();
    policy.admitted = vec![DeploymentId::from("sim/gone")];
    assert_eq!(flags(&view(&policy, None, &Windows::default()))[0], (true, true));
}
