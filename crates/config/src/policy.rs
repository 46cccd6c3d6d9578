//! The stages of a workload's policy. Their order is fixed because each relies on the ones before it: what cannot
//! serve must be gone before a canary is drawn, and the floor must hold before cost may choose.

mod preset;
mod stage;

use indexmap::IndexMap;
use weir_core::policy::Stage;

use crate::{
    file::{self, Policy, Preset},
    place::{Places, join},
    problem::Report,
};

const ORDER: &str = "the order is `filter`, `lock` or `require`, `canary`, `floor`, objectives such as `cost`, one of \
                     `tie_break`, `round_robin` and `affinity`, `explore`, `chain`, and one of `race`, `hedge` and \
                     `cascade`";

/// The stages of the workload at `key`; what is wrong is reported.
pub(crate) fn stages(key: &str, workload: &file::Workload, report: &mut Report) -> Vec<Stage> {
    let listed;
    let written = match &workload.policy {
        Policy::Stages(stages) => stages,
        Policy::Preset(preset) => {
            listed = preset::stages(*preset, workload);
            &listed
        }
    };
    read(key, written, workload, report)
}

/// The stages of every preset that fits the workload at `key`, by name: what a caller may choose for one call. One that
/// does not, such as `cost_aware` without a floor, is not among them.
pub(crate) fn presets(key: &str, workload: &file::Workload) -> IndexMap<String, Vec<Stage>> {
    let fits = |preset: Preset| {
        let mut report = Report::new(Places::of_file(None));
        let stages = read(key, &preset::stages(preset, workload), workload, &mut report);
        report.is_clean().then(|| (preset.name(), stages))
    };
    Preset::ALL.into_iter().filter_map(fits).collect()
}

fn read(key: &str, written: &[file::Stage], workload: &file::Workload, report: &mut Report) -> Vec<Stage> {
    let policy = join(key, "policy");
    let mut stages: Vec<(String, Stage)> = Vec::new();
    for (nth, written) in written.iter().enumerate() {
        let at = format!("{policy}[{nth}]");
        if let Some(stage) = stage::read(&at, written, workload, report) {
            if let Some(message) = stages.last().and_then(|(_, before)| clash(before, &stage)) {
                report.error(&at, message, Some(ORDER.into()));
            }
            stages.push((at, stage));
        }
    }
    whole(key, &policy, &stages, workload, report);
    stages.into_iter().map(|(_, stage)| stage).collect()
}

/// What is missing or has no use.
fn whole(key: &str, policy: &str, stages: &[(String, Stage)], workload: &file::Workload, report: &mut Report) {
    let has = |name: &str| stages.iter().find(|(_, stage)| stage.name() == name);
    let always =
        |name: &str| stages.iter().any(|(_, stage)| stage.name() == name && !matches!(stage, Stage::When { .. }));
    if !report.knows(policy) && !always("filter") {
        report.error(
            policy,
            "the policy has no stage `filter`",
            Some("without it requests would go to deployments that are down or not admitted; put it first".into()),
        );
    }
    let floor = join(key, "floor");
    if report.knows(&floor) || report.knows(policy) {
        return;
    }
    let floored = always("floor").then_some(());
    match (has("cost"), floored, workload.floor) {
        (Some(_), _, None) => report.error(
            &floor,
            "`cost` without a floor races to the bottom",
            Some("set `floor = 0.8`, or use `weighted` in place of `cost`".into()),
        ),
        (Some((at, _)), None, Some(_)) => report.error(
            at,
            "`cost` without the stage `floor` before it races to the bottom: the floor is set but nothing applies it",
            Some(ORDER.into()),
        ),
        (None, Some(()), None) => report.error(
            has("floor").map_or(policy, |(at, _)| at),
            "the stage `floor` has no floor to apply",
            Some("set `floor = 0.8`, or leave the stage out".into()),
        ),
        _ => {}
    }
}

/// Why `next` may not follow `before`.
fn clash(before: &Stage, next: &Stage) -> Option<String> {
    let (first, second) = (before.name(), next.name());
    if rank(first) > rank(second) {
        return Some(format!("stage `{second}` comes after `{first}`"));
    }
    // Stages with a condition may stand side by side: each is for other requests.
    let conditional = matches!(before, Stage::When { .. }) || matches!(next, Stage::When { .. });
    if conditional || rank(first) < rank(second) {
        return None;
    }
    match rank(first) {
        _ if first == second && !matches!(first, "lock" | "require") => {
            Some(format!("stage `{second}` is there twice"))
        }
        // A draw leaves nothing equal.
        OBJECTIVE if matches!(first, "weighted" | "latency") || second == "weighted" => {
            Some(format!("both `{first}` and `{second}` choose the order, wanted one of them"))
        }
        SETTLE => Some(format!("both `{first}` and `{second}` settle equals, wanted one of them")),
        WALK => Some(format!("both `{first}` and `{second}` walk the chain, wanted one of them")),
        _ => None,
    }
}

const OBJECTIVE: u8 = 4;
const SETTLE: u8 = 5;
const WALK: u8 = 8;

fn rank(name: &str) -> u8 {
    match name {
        "filter" => 0,
        "lock" | "require" => 1,
        "canary" => 2,
        "floor" => 3,
        "tie_break" | "round_robin" | "affinity" => SETTLE,
        "explore" => 6,
        "chain" => 7,
        "race" | "hedge" | "cascade" => WALK,
        _ => OBJECTIVE,
    }
}
