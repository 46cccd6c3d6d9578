//! One stage as written to one stage as run.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;
use weir_core::{
    DeploymentId,
    expr::ExprError,
    policy::{ChainRules, Condition, FailureClass, Requirement, Stage, Verifier},
};

use crate::{
    file::{self, StageName, StageTable},
    nearest::{list, suggest},
    place::join,
    problem::Report,
};

use super::preset::bare;

/// Candidates this close in quality are equal.
const QUALITY_BAND: f64 = 0.01;
/// This much slower than the fastest still gets traffic.
const LATENCY_BAND: f64 = 0.25;
/// What quality, cost and latency weigh.
const UTILITY: [f64; 3] = [1.0, 0.3, 0.2];

/// The stage at `at`; what is wrong is reported.
pub(super) fn read(at: &str, written: &file::Stage, workload: &file::Workload, report: &mut Report) -> Option<Stage> {
    let empty;
    let table = match written {
        file::Stage::Table(table) => &**table,
        file::Stage::Name(name) => {
            empty = bare(*name);
            &empty
        }
    };
    strangers(at, table, report);
    let stage = Reader { at, table, workload, report }.stage()?;
    let Some(when) = &table.when else {
        return Some(stage);
    };
    let condition = compile(&join(at, "when"), when, report, Condition::new)?;
    Some(Stage::When { condition, then: Box::new(stage) })
}

/// What each stage takes beside `stage` and `when`.
const fn takes(name: StageName) -> &'static [&'static str] {
    match name {
        StageName::Weighted => &["weights"],
        StageName::Lock => &["deployments", "providers"],
        StageName::Require => &["rule"],
        StageName::Quality => &["max_cost_usd", "max_latency_ms", "band"],
        StageName::Latency => &["band"],
        StageName::Adaptive => &["quality", "cost", "latency"],
        StageName::Complexity => &["threshold", "hard"],
        StageName::Explore => &["share", "max_extra_usd", "max_quality_loss"],
        StageName::Race => &["width"],
        StageName::Hedge => &["after_ms"],
        StageName::Cascade => &["accept"],
        StageName::Chain => {
            &["on", "next", "max_cost_usd", "allow_dearer", "retry_budget", "commit_after", "continue_streams"]
        }
        StageName::Filter
        | StageName::Canary
        | StageName::Floor
        | StageName::Cost
        | StageName::LeastBusy
        | StageName::TieBreak
        | StageName::RoundRobin
        | StageName::Affinity => &[],
    }
}

/// Parameters that belong to another stage.
fn strangers(at: &str, table: &StageTable, report: &mut Report) {
    let Ok(Value::Object(written)) = serde_json::to_value(table) else { return };
    let name = written.get("stage").and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = takes(table.stage);
    for key in written.keys().filter(|key| !matches!(key.as_str(), "stage" | "when") && !known.contains(&key.as_str()))
    {
        let hint =
            if known.is_empty() { "it takes only `when`".to_owned() } else { format!("it takes {}", list(known)) };
        report.error_in_name(&join(at, key), format!("`{name}` does not take `{key}`"), Some(hint));
    }
}

fn compile<T>(
    key: &str,
    source: &str,
    report: &mut Report,
    compile: impl Fn(&str) -> Result<T, ExprError>,
) -> Option<T> {
    match compile(source) {
        Ok(compiled) => Some(compiled),
        Err(error) => {
            report.error_inside(key, error, source.lines().count());
            None
        }
    }
}

struct Reader<'a, 'r> {
    at: &'a str,
    table: &'a StageTable,
    workload: &'a file::Workload,
    report: &'r mut Report,
}

impl Reader<'_, '_> {
    fn stage(&mut self) -> Option<Stage> {
        let table = self.table;
        Some(match table.stage {
            StageName::Filter => Stage::Filter,
            StageName::Canary => Stage::Canary,
            StageName::Floor => Stage::Floor,
            StageName::Cost => Stage::Cost,
            StageName::LeastBusy => Stage::LeastBusy,
            StageName::TieBreak => Stage::TieBreak,
            StageName::RoundRobin => Stage::RoundRobin,
            StageName::Affinity => Stage::Affinity,
            StageName::Lock => self.lock()?,
            StageName::Require => {
                let rule = self.needs(table.rule.as_ref(), "rule", r#"rule = "candidate.region == 'eu'""#)?;
                let rule = compile(&join(self.at, "rule"), rule, self.report, Requirement::new)?;
                Stage::Require { rule }
            }
            StageName::Quality => Stage::Quality {
                max_cost_usd: table.max_cost_usd,
                max_latency_ms: table.max_latency_ms,
                band: table.band.unwrap_or(QUALITY_BAND),
            },
            StageName::Latency => Stage::Latency { band: table.band.unwrap_or(LATENCY_BAND) },
            StageName::Weighted => self.weighted()?,
            StageName::Adaptive => {
                let [quality, cost, latency] = UTILITY;
                Stage::Adaptive {
                    quality: table.quality.unwrap_or(quality),
                    cost: table.cost.unwrap_or(cost),
                    latency: table.latency.unwrap_or(latency),
                }
            }
            StageName::Complexity => Stage::Complexity {
                threshold: table.threshold.unwrap_or(0.5),
                hard: match &table.hard {
                    Some(names) => self.candidates("hard", names),
                    None => self.workload.candidates.first().map(|name| name.as_str().into()).into_iter().collect(),
                },
            },
            StageName::Explore => Stage::Explore {
                share: *self.needs(table.share.as_ref(), "share", "share = 0.02")?,
                max_extra_usd: table.max_extra_usd,
                max_quality_loss: table.max_quality_loss,
            },
            StageName::Chain => Stage::Chain { rules: Arc::new(self.rules()) },
            StageName::Race => Stage::Race { width: table.width.unwrap_or(2) },
            StageName::Hedge => Stage::Hedge { after_ms: table.after_ms },
            StageName::Cascade => {
                let accept = self.needs(table.accept.as_ref(), "accept", r#"accept = "size(answer.text) > 0""#)?;
                let accept = compile(&join(self.at, "accept"), accept, self.report, Verifier::new)?;
                Stage::Cascade { accept }
            }
        })
    }

    /// A parameter without which the stage has no meaning.
    fn needs<'v, T>(&mut self, value: Option<&'v T>, name: &str, example: &str) -> Option<&'v T> {
        if value.is_none() {
            let stage = self.name();
            let hint = format!("write `{{ stage = \"{stage}\", {example} }}`");
            self.report.error(self.at, format!("`{stage}` has no {name}"), Some(hint));
        }
        value
    }

    fn name(&self) -> String {
        let word = serde_json::to_value(self.table.stage).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }

    fn lock(&mut self) -> Option<Stage> {
        let (deployments, providers) = (&self.table.deployments, &self.table.providers);
        if deployments.is_none() && providers.is_none() {
            self.needs(None::<&()>, "deployments or providers", r#"providers = ["openai"]"#)?;
        }
        let deployments = deployments.as_ref().map_or_else(Vec::new, |names| self.candidates("deployments", names));
        Some(Stage::Lock { deployments, providers: providers.clone().unwrap_or_default() })
    }

    /// Names that must be candidates.
    fn candidates(&mut self, key: &str, names: &[String]) -> Vec<DeploymentId> {
        for (nth, name) in names.iter().enumerate() {
            self.candidate(&format!("{}[{nth}]", join(self.at, key)), name, false);
        }
        names.iter().map(|name| name.as_str().into()).collect()
    }

    fn candidate(&mut self, at: &str, name: &str, in_name: bool) {
        let all = &self.workload.candidates;
        if all.iter().any(|known| known == name) {
            return;
        }
        let known: Vec<&str> = all.iter().map(String::as_str).collect();
        let message = format!("`{name}` is not a candidate of this workload");
        let hint = suggest(name, &known, "its candidates are");
        if in_name { self.report.error_in_name(at, message, hint) } else { self.report.error(at, message, hint) }
    }

    fn weighted(&mut self) -> Option<Stage> {
        let given = self.needs(self.table.weights.as_ref(), "weights", r#"weights = { "name" = 0.7 }"#)?;
        let key = join(self.at, "weights");
        for (name, weight) in given {
            let at = join(&key, name);
            self.candidate(&at, name, true);
            if *weight < 0.0 {
                self.report.error(&at, format!("found {weight}, wanted a weight of at least 0"), None);
            }
        }
        let sum: f64 = given.values().sum();
        let sound = sum > 0.0 && sum.is_finite();
        if !sound && !self.report.knows(&key) {
            self.report.error(&key, format!("the weights add up to {sum}, wanted a finite sum above 0"), None);
        }
        // In the order of the candidates, so that a draw does not depend on how the table was written.
        let all = self.workload.candidates.iter();
        let weights = all.filter_map(|name| Some((name.as_str().into(), *given.get(name)?))).collect();
        Some(Stage::Weighted { weights })
    }

    fn rules(&mut self) -> ChainRules {
        let (table, default) = (self.table, ChainRules::default());
        let mut next = IndexMap::new();
        for (word, names) in table.next.iter().flatten() {
            let at = join(&join(self.at, "next"), word);
            let Some(class) = FailureClass::of_word(word) else {
                let known = FailureClass::NAMED.map(FailureClass::name);
                let hint = suggest(word, &known, "they are");
                self.report.error_in_name(&at, format!("`{word}` is no class of failure"), hint);
                continue;
            };
            for (nth, name) in names.iter().enumerate() {
                self.candidate(&format!("{at}[{nth}]"), name, false);
            }
            next.insert(class, names.iter().map(|name| name.as_str().into()).collect());
        }
        ChainRules {
            // The schema knows no other words.
            on: table
                .on
                .as_ref()
                .map_or(default.on, |on| on.iter().filter_map(|word| FailureClass::of_word(word)).collect()),
            next,
            max_cost_usd: table.max_cost_usd,
            allow_dearer: table.allow_dearer.unwrap_or(default.allow_dearer),
            retry_budget: table.retry_budget.unwrap_or(default.retry_budget),
            commit_after: table.commit_after.unwrap_or(default.commit_after),
            continue_streams: table.continue_streams.unwrap_or(default.continue_streams),
        }
    }
}
