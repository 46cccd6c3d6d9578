//! The end of a run: its verdict, and what a failed gate does to traffic.

use weir_core::{DeploymentId, WorkloadId};
use weir_evals::run::{GateOutcome, Report, State};
use weir_store::{Error, Quarantine, RunStatus};

use super::{End, script::Script};
use crate::Desk;

/// Who lifts and orders in the log.
const ACTOR: &str = "eval run";

/// Ends the run with what its gates say of what there is.
///
/// # Errors
/// When the store cannot be used.
pub(super) async fn end(desk: &Desk, script: &Script, worker: &str, end: End) -> Result<(), Error> {
    let report = read(desk, script).await?;
    let status = match end {
        End::Spent => RunStatus::Stopped,
        End::Cancelled => RunStatus::Cancelled,
        End::Done | End::Left if is_part(script) => RunStatus::Stopped,
        End::Done | End::Left => RunStatus::Done,
    };
    let message = match (end, worst(&report)) {
        (End::Spent, _) => "its dollars were spent before its end".to_owned(),
        (End::Cancelled, _) => "it was cancelled".to_owned(),
        _ if is_part(script) => {
            "what it had is graded again; it had not asked everything, `--resume` goes on".to_owned()
        }
        (_, None) if report.verdict == State::Instrument => "nothing was answered, so nothing was measured".to_owned(),
        (_, Some(gate)) => format!("{}, {}: {}", gate.name, gate.arm, gate.sentence),
        (_, None) => String::new(),
    };
    let id = &script.row.run.id;
    let ours = desk.store.run_finish(id, worker, status, Some(report.verdict.name()), &message).await?;
    if ours && status == RunStatus::Done && script.order.quarantine {
        quarantine(desk, script, &report).await?;
    }
    Ok(())
}

/// A part of a run that was graded again.
fn is_part(script: &Script) -> bool {
    script.order.regrade.is_some_and(|before| !before.whole)
}

fn worst(report: &Report) -> Option<&GateOutcome> {
    report.gates.iter().find(|gate| gate.state == report.verdict)
}

/// A deployment that failed a gate leaves ordinary traffic; one that passes all of them comes back, when a run sent it
/// away.
async fn quarantine(desk: &Desk, script: &Script, report: &Report) -> Result<(), Error> {
    let workload = WorkloadId::from(script.suite.workload.as_str());
    let out = desk.store.quarantine_list(false).await?;
    for arm in script.order.arms.iter().filter(|arm| !arm.recorded && !arm.name.starts_with("weir/")) {
        let gates: Vec<&GateOutcome> = report.gates.iter().filter(|gate| gate.arm == arm.name).collect();
        let deployment = DeploymentId::from(arm.name.as_str());
        if let Some(failed) = gates.iter().find(|gate| gate.state == State::Fail) {
            let run = script.row.run.id.clone();
            let reason =
                format!("{deployment} failed `{}` of suite {}: {}", failed.name, script.suite.name, failed.sentence);
            let order = Quarantine {
                workload: workload.clone(),
                model: desk.store.identity_newest(&deployment).await?.unwrap_or_default(),
                deployment,
                run: Some(run),
                reason,
                actor: ACTOR.to_owned(),
                at: desk.clock.now(),
                lifted: None,
            };
            desk.store.quarantine_put(&order).await?;
        } else if !gates.is_empty() && gates.iter().all(|gate| gate.state == State::Pass) {
            let by_run =
                |one: &&Quarantine| one.workload == workload && one.deployment == deployment && one.run.is_some();
            if out.iter().find(by_run).is_some() {
                let actor = format!("{ACTOR} {}", script.row.run.id);
                desk.store.quarantine_lift(&workload, &deployment, &actor).await?;
            }
        }
    }
    Ok(())
}

/// The report of what is stored.
async fn read(desk: &Desk, script: &Script) -> Result<Report, Error> {
    let (own, earlier) = desk.store.run_answers(&script.row, script.order.earlier()).await?;
    let (suite, order) = (script.suite.clone(), script.order.clone());
    let made = tokio::task::spawn_blocking(move || Report::of(&suite, &order, &own, earlier.as_ref()));
    made.await.map_err(|_| Error::Unavailable { what: "the report of a run could not be made".to_owned() })
}
