//! A canary without what differs endlessly: ages instead of times, no names, no versions. It becomes a real one for
//! each step and is read off again after it.

use std::{sync::LazyLock, time::Duration};

use weir_core::{
    Timestamp,
    canary::{Baseline, Canary, CanaryState, HoldCause},
    entropy::Seeded,
    policy::{Policy, Stage},
    workload::{Deadlines, Workload},
};
use weir_optimizer::{
    canary::{Ground, StartRequest, start},
    revision,
};

/// Now, always: it is ages that differ.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
/// Time a step bakes and a hold takes to clear.
const BAKE_MS: u64 = 20_000;
const WEEK: Duration = Duration::from_hours(7 * 24);
/// The causes of which the alphabet has a letter each.
pub(crate) const ACCEPTABLE: [HoldCause; 2] = [HoldCause::Harm, HoldCause::Latency];
/// A canary's version wherever one is needed.
pub(crate) const VERSION: u64 = 7;

/// How long ago it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Age {
    /// Within its horizon.
    Young,
    /// Past its horizon.
    Expired,
}

/// What matters of a canary's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) state: CanaryState,
    pub(crate) step: usize,
    pub(crate) held: Option<HoldCause>,
    pub(crate) resumes_to: CanaryState,
    pub(crate) auto_resumes: u32,
    /// What a person resumed in spite of: harm, slowness.
    pub(crate) accepted: [bool; 2],
    pub(crate) scoped_out: usize,
    /// Its last change is a bake time ago.
    pub(crate) baked: bool,
    pub(crate) age: Age,
}

static HEAD: LazyLock<Policy> = LazyLock::new(|| {
    revision::first(&workload(), &[], vec![Stage::Filter, Stage::Canary, Stage::Floor, Stage::Cost], Timestamp(0))
});

/// The head revision that every canary here is based on.
pub(crate) fn head() -> &'static Policy {
    &HEAD
}

fn workload() -> Workload {
    Workload {
        id: "maths".into(),
        candidates: ["sim/large", "sim/small"].map(Into::into).to_vec(),
        floor: None,
        scorers: vec!["exact".into()],
        quality: "exact".into(),
        sample: 1.0,
        half_life_s: 3_600.0,
        segments: Vec::new(),
        tenants: Vec::new(),
        guards: Vec::new(),
        optimize: Default::default(),
        deadlines: Deadlines::default(),
        strictness: Default::default(),
    }
}

/// A real canary as it is started: two steps, and whatever else is asked for.
pub(crate) fn started(ask: impl FnOnce(&mut StartRequest)) -> Canary {
    let mut request = StartRequest::new("maths".into(), "sim/small".into());
    request.steps = Some(vec![0.1, 0.5]);
    request.bake_ms = Some(BAKE_MS);
    request.hold_clear_ms = Some(BAKE_MS);
    request.min_duration_ms = Some(0);
    request.horizon_ms = Some(WEEK.as_millis() as u64);
    ask(&mut request);
    let workload = workload();
    let ground = Ground { workload: &workload, head: head(), history: &[], baseline: Baseline::default(), kin: &[] };
    start(&request, &ground, "ada", &Seeded::new(3), NOW).unwrap().0
}

impl Row {
    pub(crate) fn of(canary: &Canary) -> Self {
        Self {
            state: canary.state,
            step: canary.step,
            held: canary.held,
            resumes_to: canary.resumes_to,
            auto_resumes: canary.auto_resumes,
            accepted: ACCEPTABLE.map(|cause| canary.accepted.contains(&cause)),
            scoped_out: canary.scoped_out.len(),
            baked: NOW.since(canary.changed_at) >= Duration::from_millis(BAKE_MS),
            age: if NOW.since(canary.created_at) >= WEEK { Age::Expired } else { Age::Young },
        }
    }

    /// The real canary that this is the row of.
    pub(crate) fn canary(self, template: &Canary) -> Canary {
        let created_at = if self.age == Age::Expired { NOW.minus(WEEK) } else { NOW.minus(Duration::from_mins(1)) };
        Canary {
            state: self.state,
            step: self.step,
            held: self.held,
            resumes_to: self.resumes_to,
            auto_resumes: self.auto_resumes,
            accepted: ACCEPTABLE
                .into_iter()
                .zip(self.accepted)
                .filter(|(_, yes)| *yes)
                .map(|(cause, _)| cause)
                .collect(),
            scoped_out: ["a", "b"].into_iter().take(self.scoped_out).map(Into::into).collect(),
            version: VERSION,
            created_at,
            epoch_at: created_at,
            changed_at: if self.baked { NOW.minus(Duration::from_millis(BAKE_MS)) } else { NOW },
            ..template.clone()
        }
    }
}
