//! The stages of a workload's policy. Their order is fixed because each relies on the ones before it: what cannot
//! serve must be gone before a canary is drawn, and the floor must hold before cost may choose.

use indexmap::IndexMap;
use weir_core::{DeploymentId, policy::Stage};

use crate::{
    file::{self, StageName, StageTable},
    place::join,
    problem::Report,
};

const ORDER: &str = "the order is `filter`, `canary`, `floor`, then `cost` or `weighted`, then `tie_break`";

/// The stages of the workload at `key`; what is wrong is reported.
pub(crate) fn stages(key: &str, workload: &file::Workload, report: &mut Report) -> Vec<Stage> {
    let policy = join(key, "policy");
    let mut stages: Vec<(String, Stage)> = Vec::new();
    for (nth, stage) in workload.policy.iter().enumerate() {
        let at = format!("{policy}[{nth}]");
        if let Some(stage) = one(&at, stage, workload, report) {
            if let Some((_, before)) = stages.last()
                && rank(before) >= rank(&stage)
            {
                let (before, name) = (before.name(), stage.name());
                let message = match () {
                    () if before == name => format!("stage `{name}` is there twice"),
                    () if rank_of(before) == rank_of(name) => {
                        format!("both `{before}` and `{name}` choose the order, wanted one of them")
                    }
                    () => format!("stage `{name}` comes after `{before}`"),
                };
                report.error(&at, message, Some(ORDER.into()));
            }
            stages.push((at, stage));
        }
    }
    let has = |name: &str| stages.iter().find(|(_, stage)| stage.name() == name);
    if !report.knows(&policy) && has("filter").is_none() {
        report.error(
            &policy,
            "the policy has no stage `filter`",
            Some("without it requests would go to deployments that are down or not admitted; put it first".into()),
        );
    }
    let floor = join(key, "floor");
    if !report.knows(&floor) && !report.knows(&policy) {
        match (has("cost"), has("floor"), workload.floor) {
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
            (None, Some((at, _)), None) => report.error(
                at,
                "the stage `floor` has no floor to apply",
                Some("set `floor = 0.8`, or leave the stage out".into()),
            ),
            _ => {}
        }
    }
    stages.into_iter().map(|(_, stage)| stage).collect()
}

fn rank(stage: &Stage) -> u8 {
    rank_of(stage.name())
}

fn rank_of(name: &str) -> u8 {
    match name {
        "filter" => 0,
        "canary" => 1,
        "floor" => 2,
        "cost" | "weighted" => 3,
        _ => 4,
    }
}

fn one(at: &str, stage: &file::Stage, workload: &file::Workload, report: &mut Report) -> Option<Stage> {
    let (name, given) = match stage {
        file::Stage::Name(name) => (*name, None),
        file::Stage::Table(StageTable { stage, weights }) => (*stage, weights.as_ref()),
    };
    if name == StageName::Weighted {
        let Some(given) = given else {
            report.error(
                at,
                "`weighted` has no weights",
                Some(r#"write `{ stage = "weighted", weights = { "name" = 0.7 } }`"#.into()),
            );
            return None;
        };
        return Some(Stage::Weighted { weights: weights(&join(at, "weights"), given, &workload.candidates, report) });
    }
    if given.is_some() {
        report.error(&join(at, "weights"), "only `weighted` takes weights", None);
    }
    Some(match name {
        StageName::Filter => Stage::Filter,
        StageName::Canary => Stage::Canary,
        StageName::Floor => Stage::Floor,
        StageName::Cost => Stage::Cost,
        StageName::TieBreak | StageName::Weighted => Stage::TieBreak,
    })
}

fn weights(
    key: &str,
    given: &IndexMap<String, f64>,
    candidates: &[String],
    report: &mut Report,
) -> IndexMap<DeploymentId, f64> {
    for (name, weight) in given {
        let at = join(key, name);
        if !candidates.contains(name) {
            let known: Vec<&str> = candidates.iter().map(String::as_str).collect();
            report.error_in_name(
                &at,
                format!("`{name}` is not a candidate of this workload"),
                crate::nearest::suggest(name, &known, "its candidates are"),
            );
        }
        if *weight < 0.0 {
            report.error(&at, format!("found {weight}, wanted a weight of at least 0"), None);
        }
    }
    let sum: f64 = given.values().sum();
    let sound = sum > 0.0 && sum.is_finite();
    if !sound && !report.knows(key) {
        report.error(key, format!("the weights add up to {sum}, wanted a finite sum above 0"), None);
    }
    // In the order of the candidates, so that a draw does not depend on how the table was written.
    candidates.iter().filter_map(|name| Some((name.as_str().into(), *given.get(name)?))).collect()
}
