//! The verdict at one look: a pure function of the canary, its reading and what the reading's inputs say of the world.
//! Retreating is judged before advancing, and what ends a canary before what moves it.

use std::{sync::Arc, time::Duration};

use weir_core::canary::{Canary, CanaryState, Evidence, GuardReading, HoldCause, StratumReading};

use super::{guards::CHECK, reading::Reading, words};
use crate::pairing::OtherVersion;

/// Nobody approved for this long: rejected.
pub const APPROVAL_WAIT: Duration = Duration::from_hours(7 * 24);
/// Evidence of harm below which a hold for harm clears: `ln 5`.
const CALM_BELOW: f64 = 1.609_437_912_434_100_3;
/// A canary goes on by itself this often; then a person decides.
const AUTO_RESUMES: u32 = 3;
/// Out of scope is at most this part of the traffic; beyond it the candidate is taken back whole.
const MOST_SCOPED_OUT: f64 = 0.3;
/// Segments with less of the traffic need no proof of their own.
const SEGMENT_TRAFFIC: f64 = 0.02;
/// Pairs that a segment needs, unless the plan promotes on fewer in all.
const SEGMENT_PAIRS: u64 = 30;
/// A shadow is followed by exposure only when the loss is surely smaller than this.
const SHADOW_LOSS: f64 = 0.15;
/// Time in the verifying stage after which its pairs need not be waited for.
const VERIFIED_AFTER: Duration = Duration::from_hours(1);

/// What to do with a canary now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Stay,
    /// Begin exposure after the shadow, or go to the next step.
    Advance,
    /// All but the hold-back, before the promotion.
    Verify,
    /// Step down or stop exposure.
    Hold(HoldCause, String),
    /// The scorer, or a guard, has another version: hold, and begin a new epoch of evidence.
    NewEpoch(String),
    /// A hold cleared.
    Resume,
    /// The candidate loses this segment.
    ScopeOut(Arc<str>, String),
    /// The candidate becomes the stable deployment.
    Promote,
    /// The candidate is taken back; the reason.
    RollBack(String),
    /// Undecided at its horizon; the stable deployment stays.
    Expire,
    /// Another revision came first.
    Supersede,
    /// One of its arms is gone.
    Abort,
    /// Nobody approved it.
    Reject,
}

impl Verdict {
    /// True when it takes exposure away: it is published before it is stored, all others after.
    #[must_use]
    pub const fn retreats(&self) -> bool {
        matches!(
            self,
            Self::Hold(..) | Self::NewEpoch(_) | Self::RollBack(_) | Self::Expire | Self::Supersede | Self::Abort
        )
    }
}

/// Decides.
#[must_use]
pub fn step(canary: &Canary, reading: &Reading) -> Verdict {
    let inputs = &reading.evidence.inputs;
    if canary.state.is_final() {
        return Verdict::Stay;
    }
    if inputs.head != canary.base {
        return Verdict::Supersede;
    }
    if inputs.orphaned {
        return Verdict::Abort;
    }
    let age = inputs.now.since(canary.created_at);
    let expired = age >= Duration::from_millis(canary.plan.horizon_ms);
    match canary.state {
        CanaryState::AwaitingApproval if age >= APPROVAL_WAIT => Verdict::Reject,
        CanaryState::AwaitingApproval => Verdict::Stay,
        CanaryState::Shadow => shadow(canary, &reading.evidence, expired),
        _ => exposed(canary, reading, expired),
    }
}

fn shadow(canary: &Canary, evidence: &Evidence, expired: bool) -> Verdict {
    if evidence.log_e_rollback >= (1.0 / canary.plan.alpha_rollback).ln() {
        return Verdict::RollBack(format!("in the shadow, before anybody was exposed, {}", worse(canary, evidence)));
    }
    let enough = evidence.pairs >= canary.plan.shadow_pairs && evidence.lower > -SHADOW_LOSS;
    match (expired, enough && !evidence.inputs.frozen) {
        (true, _) => Verdict::Expire,
        (false, true) => Verdict::Advance,
        (false, false) => Verdict::Stay,
    }
}

fn exposed(canary: &Canary, reading: &Reading, expired: bool) -> Verdict {
    let (plan, evidence) = (&canary.plan, &reading.evidence);
    if let Some(reason) = rolls_back(canary, evidence) {
        return Verdict::RollBack(reason);
    }
    if let Some(verdict) = scope(canary, evidence) {
        return verdict;
    }
    if let Some(OtherVersion { guard, was, now }) = &reading.other_version {
        let (kind, scorer) = guard.as_ref().map_or(("scorer", &canary.scorer), |guard| ("guard", guard));
        return Verdict::NewEpoch(format!("{kind} {scorer} went from version {was} to {now}"));
    }
    let proven = proven(canary, reading);
    let live = matches!(canary.state, CanaryState::Running | CanaryState::Verifying);
    if live {
        if let Some((cause, reason)) = alarm(canary, evidence, proven) {
            return Verdict::Hold(cause, reason);
        }
    } else if clears(canary, evidence, proven) {
        return Verdict::Resume;
    }
    let frozen = evidence.inputs.frozen;
    let last_step = canary.step + 1 >= plan.steps.len();
    let here = evidence.inputs.now.since(canary.changed_at);
    if live && proven && !frozen {
        match canary.state {
            CanaryState::Verifying if evidence.step_pairs >= plan.verify_pairs || here >= VERIFIED_AFTER => {
                return Verdict::Promote;
            }
            CanaryState::Running if last_step => {
                let partial = partial(canary, evidence).map(|reason| Verdict::Hold(HoldCause::JudgeBias, reason));
                let on = if plan.verify_pairs == 0 { Verdict::Promote } else { Verdict::Verify };
                return partial.unwrap_or(on);
            }
            _ => {}
        }
    }
    let undecided = !(live && evidence.log_e_promote >= evidence.promote_at);
    if expired || (evidence.pairs >= plan.max_pairs && undecided) {
        return Verdict::Expire;
    }
    let baked = here >= Duration::from_millis(plan.bake_ms) && evidence.step_pairs >= plan.step_pairs;
    if canary.state == CanaryState::Running && !last_step && baked && !frozen {
        return Verdict::Advance;
    }
    Verdict::Stay
}

/// Everything that a promotion takes, apart from its stage.
fn proven(canary: &Canary, reading: &Reading) -> bool {
    let (plan, evidence) = (&canary.plan, &reading.evidence);
    let old_enough = evidence.inputs.now.since(canary.created_at) >= Duration::from_millis(plan.min_duration_ms);
    let everywhere =
        evidence.strata.iter().filter(|stratum| !stratum.scoped_out && stratum.traffic >= SEGMENT_TRAFFIC).all(
            |stratum| stratum.log_e_promote >= stratum.promote_at && stratum.pairs >= SEGMENT_PAIRS.min(plan.min_pairs),
        );
    // Slowness that a person has accepted needs no proof of the contrary.
    let waived = |guard: &GuardReading| &*guard.name == "latency" && canary.accepted.contains(&HoldCause::Latency);
    let guarded = evidence.guards.iter().all(|guard| guard.is_proven() || waived(guard));
    let saves = !plan.must_save || reading.log_e_saving >= (1.0 / plan.alpha_promote).ln();
    evidence.log_e_promote >= evidence.promote_at
        && evidence.pairs >= plan.min_pairs
        && old_enough
        && everywhere
        && guarded
        && saves
}

fn rolls_back(canary: &Canary, evidence: &Evidence) -> Option<String> {
    if evidence.inputs.tripped {
        return Some(format!("{} failed so often that a gateway stopped its exposure at once", canary.candidate));
    }
    for guard in &evidence.guards {
        let Some(bar) = guard.rollback_at.filter(|_| guard.rolls_back()) else { continue };
        let (bad, n, allowed, log_e) = (guard.bad, guard.n, words::percent(guard.allowed), guard.log_e);
        return Some(match &*guard.name {
            "errors" => format!(
                "{} failed {bad} of {n} requests, allowed are {allowed}: log evidence {log_e:.2} ≥ {bar:.2}",
                canary.candidate
            ),
            "cost" => format!(
                "{} costs more than {} by over {allowed} of the cap: log evidence {log_e:.2} ≥ {bar:.2} after {}",
                canary.candidate,
                canary.control,
                words::pairs(n)
            ),
            name if name.starts_with(CHECK) => format!(
                "{} loses more than {allowed} of {} against {}: log evidence {log_e:.2} ≥ {bar:.2} after {}",
                canary.candidate,
                name.trim_start_matches(CHECK),
                canary.control,
                words::pairs(n)
            ),
            _ => format!(
                "{} was slower than {}'s 95th percentile in {bad} of {n} answers, allowed are {allowed}: log evidence {log_e:.2} ≥ {bar:.2}",
                canary.candidate, canary.control
            ),
        });
    }
    if evidence.log_e_rollback >= evidence.rollback_at {
        return Some(worse(canary, evidence));
    }
    let floor = evidence.log_e_floor.zip(canary.plan.floor).filter(|(log_e, _)| *log_e >= evidence.rollback_at);
    floor.map(|(log_e, floor)| {
        format!(
            "{} is below the floor {floor}: mean {:.3}, log evidence {log_e:.2} ≥ {:.2} after {}",
            canary.candidate,
            evidence.candidate_mean,
            evidence.rollback_at,
            words::pairs(evidence.pairs)
        )
    })
}

fn worse(canary: &Canary, evidence: &Evidence) -> String {
    format!(
        "worse than {} by more than {}: log evidence {:.2} ≥ {:.2} after {}, {}",
        canary.control,
        canary.plan.margin,
        evidence.log_e_rollback,
        evidence.rollback_at,
        words::pairs(evidence.pairs),
        words::difference(evidence)
    )
}

/// A segment of its own that is proven worse leaves the candidate's scope, if there are others to stay for.
fn scope(canary: &Canary, evidence: &Evidence) -> Option<Verdict> {
    if evidence.strata.len() < 2 {
        return None;
    }
    let bad = |stratum: &&StratumReading| !stratum.scoped_out && stratum.log_e_rollback >= stratum.scope_out_at;
    let worst = evidence.strata.iter().find(bad)?;
    let out: f64 =
        evidence.strata.iter().filter(|stratum| stratum.scoped_out).map(|stratum| stratum.traffic).sum::<f64>()
            + worst.traffic;
    let what = format!(
        "{} is worse than {} in segment {}: difference {} after {}, log evidence {:.2} ≥ {:.2}",
        canary.candidate,
        canary.control,
        worst.segment,
        words::signed(worst.delta),
        words::pairs(worst.pairs),
        worst.log_e_rollback,
        worst.scope_out_at
    );
    Some(if out > MOST_SCOPED_OUT {
        Verdict::RollBack(format!("{what}; {} of the traffic would be out of scope", words::percent(out)))
    } else {
        Verdict::ScopeOut(Arc::clone(&worst.segment), what)
    })
}

/// What holds a canary now. A loss within the margin may be real and still acceptable: then proof of that beats
/// evidence of harm.
fn alarm(canary: &Canary, evidence: &Evidence, proven: bool) -> Option<(HoldCause, String)> {
    if evidence.inputs.lapsed {
        let reason = "its exposure had lapsed: nothing renewed the lease";
        return Some((HoldCause::Lease, reason.to_owned()));
    }
    let accepted = |cause| canary.accepted.contains(&cause);
    let holds = |guard: &&GuardReading| guard.holds() && !accepted(cause(&guard.name));
    if let Some(guard) = evidence.guards.iter().find(holds) {
        let bar = guard.hold_at.unwrap_or_default();
        let (bad, n, log_e) = (guard.bad, guard.n, guard.log_e);
        let other = n.saturating_sub(bad);
        let reason = match &*guard.name {
            "units" => format!("arms of equal share have {bad} and {other} units: log evidence {log_e:.2} ≥ {bar:.2}"),
            "missing" => format!(
                "scores go missing in one arm: {bad} candidate and {other} control answers without one, log evidence {log_e:.2} ≥ {bar:.2}"
            ),
            "scorer" => format!("{bad} of {n} answers got no score in time, in both arms: the scorer is unwell"),
            name => format!(
                "{name} over the baseline's 95th percentile in {bad} of {n} answers, allowed are {}: log evidence {log_e:.2} ≥ {bar:.2}",
                words::percent(guard.allowed)
            ),
        };
        return Some((cause(&guard.name), reason));
    }
    (evidence.log_e_harm >= evidence.hold_at && !proven && !accepted(HoldCause::Harm)).then(|| {
        let reason = format!(
            "the candidate is worse: log evidence {:.2} ≥ {:.2} after {}, {}",
            evidence.log_e_harm,
            evidence.hold_at,
            words::pairs(evidence.pairs),
            words::difference(evidence)
        );
        (HoldCause::Harm, reason)
    })
}

/// Why a proof by grades is none once people's labels are counted.
fn partial(canary: &Canary, evidence: &Evidence) -> Option<String> {
    let margin = canary.plan.margin;
    let (lower, bias) = evidence.lower_by_people.zip(evidence.inputs.bias)?;
    (lower <= -margin && !canary.accepted.contains(&HoldCause::JudgeBias)).then(|| {
        format!(
            "proven by {} alone: over {} labels per arm it is kinder to {} than people by {} [{}, {}], so the difference may be {} where −{margin} is allowed",
            canary.scorer,
            bias.labels,
            canary.candidate,
            words::signed(bias.delta),
            words::signed(bias.lower),
            words::signed(bias.upper),
            words::signed(lower)
        )
    })
}

/// Why a guard that holds does.
fn cause(guard: &str) -> HoldCause {
    match guard {
        "units" => HoldCause::Units,
        "missing" => HoldCause::Missing,
        "scorer" => HoldCause::Scorer,
        "first_byte" => HoldCause::FirstByte,
        _ => HoldCause::Latency,
    }
}

/// True when a hold for an alarm may end by itself.
fn clears(canary: &Canary, evidence: &Evidence, proven: bool) -> bool {
    let Some(cause) = canary.held else { return false };
    let inputs = &evidence.inputs;
    let waited = inputs.now.since(canary.changed_at) >= Duration::from_millis(canary.plan.hold_clear_ms);
    let calm = cause != HoldCause::Harm || evidence.log_e_harm < CALM_BELOW || proven;
    // An interval from labels holds for one look: what it stopped waits for a person.
    !matches!(cause, HoldCause::Operator | HoldCause::JudgeBias)
        && canary.auto_resumes < AUTO_RESUMES
        && waited
        && calm
        && !inputs.frozen
        && !inputs.lapsed
        && !evidence.guards.iter().any(|guard| guard.holds() && !canary.accepted.contains(&self::cause(&guard.name)))
}
