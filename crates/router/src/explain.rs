//! A decision in sentences, from its own record and nothing else.

use weir_core::decision::{Arm, CandidateRecord, Decision, Health, Mode, Verdict};

/// From this doubt on a latency is said to rest on few answers.
const FEW: f64 = 0.5;

/// Plain English, the chosen deployment first, one sentence per candidate.
#[must_use]
pub fn explain(decision: &Decision) -> Vec<String> {
    let mut sentences = Vec::with_capacity(decision.candidates.len() + 2);
    sentences.push(headline(decision));
    if let Some(exposure) = &decision.exposure {
        let arm = match exposure.arm {
            Arm::Candidate => "candidate",
            Arm::Control => "control",
        };
        sentences.push(format!("Canary {} put this unit in its {arm} arm.", exposure.canary));
    }
    sentences.extend(plan(decision));
    let by_verdict =
        |chosen: bool| decision.candidates.iter().filter(move |c| (c.verdict == Verdict::Chosen) == chosen);
    let chosen = by_verdict(true).next();
    let told = by_verdict(true).chain(by_verdict(false));
    sentences.extend(told.map(|candidate| sentence(candidate, chosen)));
    sentences
}

fn headline(decision: &Decision) -> String {
    let Some(head) = decision.chain.first() else {
        return format!("No candidate of {} could serve this request.", decision.workload);
    };
    if &*decision.strategy == "pinned" {
        return format!("The caller named {head}; no policy was consulted.");
    }
    format!(
        "{} of {} walked {} over {} candidates and chose {head}.",
        decision.revision,
        decision.workload,
        decision.strategy,
        decision.candidates.len()
    )
}

/// What dispatch does beyond walking the chain.
fn plan(decision: &Decision) -> Option<String> {
    if decision.plan.explored {
        return Some("It was chosen to learn, against the objective.".to_owned());
    }
    match decision.plan.mode {
        Mode::Race { width } => {
            Some(format!("The first {width} were asked at once; the first good answer was served."))
        }
        Mode::Hedge { after_ms } => {
            Some(format!("The next was asked too when no answer had come after {after_ms} ms."))
        }
        Mode::Failover => decision
            .plan
            .accept
            .as_ref()
            .map(|accept| format!("An answer was good enough when `{}`; else the next was asked.", accept.expr())),
    }
}

fn sentence(candidate: &CandidateRecord, chosen: Option<&CandidateRecord>) -> String {
    let name = &candidate.deployment;
    let numbers = numbers(candidate);
    match candidate.verdict {
        Verdict::Chosen => format!("{name} was chosen{numbers}."),
        Verdict::Fallback => match dearer(candidate, chosen) {
            Some(usd) => format!("{name} would cost ${usd:.6} more and stands by{numbers}."),
            None => format!("{name} stands by as fallback{numbers}."),
        },
        Verdict::NotAdmitted => {
            format!("{name} is not admitted by this revision; only a canary can admit it{numbers}.")
        }
        Verdict::NotCapable => format!("{name} cannot do what the request needs{numbers}."),
        Verdict::Unhealthy => format!("{name} is resting after failures{numbers}."),
        Verdict::Suspect => format!("{name} is under suspicion, its grades have fallen{numbers}."),
        Verdict::BelowFloor => format!("{name} is below the floor{numbers}."),
        Verdict::Unproven => format!("{name} has no scores that prove it{numbers}."),
        Verdict::OtherArm => format!("{name} is the canary's other arm{numbers}."),
        Verdict::Excluded => format!("{name} is kept out by a rule of the policy{numbers}."),
        Verdict::OverCeiling => format!("{name} is over a ceiling of cost or latency{numbers}."),
    }
}

/// By how many dollars the candidate loses on cost; `None` when it does not, or when either is unknown.
fn dearer(candidate: &CandidateRecord, chosen: Option<&CandidateRecord>) -> Option<f64> {
    let more = candidate.expected_cost? - chosen?.expected_cost?;
    (more.0 > 0).then(|| more.as_usd())
}

fn numbers(candidate: &CandidateRecord) -> String {
    let mut parts = Vec::new();
    if let Some(quality) = candidate.quality {
        parts.push(format!("quality {:.3}, at least {:.3} (n = {})", quality.mean, quality.lower, quality.n));
    }
    if let Some(cost) = candidate.expected_cost {
        parts.push(format!("expected ${:.6}", cost.as_usd()));
    }
    if let Some(latency) = candidate.latency_ms {
        let few = candidate.state.latency_doubt >= FEW;
        parts.push(format!("{latency:.0} ms{}", if few { " from few answers" } else { "" }));
    }
    let state = &candidate.state;
    if state.warm {
        parts.push("its prompt cache is warm".to_owned());
    }
    if state.exhausted {
        parts.push("its rate limit has nothing left".to_owned());
    }
    if state.doubted {
        parts.push("another one of its region is silent".to_owned());
    }
    if state.health == Health::Up && state.ramp > 0.0 && state.ramp < 1.0 {
        parts.push(format!("coming back with {:.0} % of its traffic", state.ramp * 100.0));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}
