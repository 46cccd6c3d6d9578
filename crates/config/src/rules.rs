//! Rules of online scoring: those in `[rules]`, and one for each workload that has `scorers` of its own.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_core::{
    NanoUsd, RuleName,
    rule::{EXPIRES_S, Filter, Rule},
};

use crate::{
    duration,
    file::File,
    names::{known, once},
    place::join,
    problem::Report,
};

/// What is scored online beside a workload's own `scorers`: which answers, by what, how many, and for how much.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(crate) struct Written {
    /// Whose answers.
    pub(crate) workload: String,
    /// Which of them, in CEL over `span` and `tags`, such as `span.output_tokens > 100`; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<String>,
    /// By what. A scorer belongs to one rule of a workload.
    pub(crate) scorers: Vec<String>,
    /// Share of the answers that pass the filter.
    #[serde(default = "all")]
    #[schemars(range(min = 0, max = 1))]
    pub(crate) sample: f64,
    /// Score where a score can change a decision; `sample` is then the mean share.
    #[serde(default)]
    pub(crate) adaptive: bool,
    /// How long after an answer it is scored, such as `30s`; at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<String>,
    /// Score once the answer's session, or its trace where it has none, has been quiet for so long, such as `2m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settle: Option<String>,
    /// What has waited for longer, such as `6h`, is not scored any more but counted as expired; `24h` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    /// Most that its scorers may spend in a day, in dollars; no limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) budget_usd_per_day: Option<f64>,
    /// Off, it scores nothing.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

const fn all() -> f64 {
    1.0
}

const fn yes() -> bool {
    true
}

/// Every rule, workloads' own first.
pub(crate) fn rules(file: &File, report: &mut Report) -> IndexMap<RuleName, Rule> {
    let mut rules = IndexMap::new();
    for (id, workload) in file.workloads.iter().filter(|(_, workload)| !workload.scorers.is_empty()) {
        let own = Rule {
            name: id.as_str().into(),
            workload: id.as_str().into(),
            filter: None,
            scorers: workload.scorers.iter().map(|name| name.as_str().into()).collect(),
            sample: workload.sample,
            adaptive: false,
            delay_s: 0,
            settle_s: 0,
            expires_s: EXPIRES_S,
            budget_per_day: None,
            enabled: true,
        };
        rules.insert(own.name.clone(), own);
    }
    for (name, written) in &file.rules {
        let key = join("rules", name);
        if file.workloads.contains_key(name) {
            let message = format!("`{name}` is a workload too, whose own scorers make a rule of that name");
            report.error_in_name(&key, message, Some("rename the rule".into()));
        }
        known(&join(&key, "workload"), &written.workload, "workload", &file.workloads, report);
        scorers(&key, name, written, file, report);
        let rule = Rule {
            name: name.as_str().into(),
            workload: written.workload.as_str().into(),
            filter: written.filter.as_deref().and_then(|source| filter(&join(&key, "filter"), source, report)),
            scorers: written.scorers.iter().map(|name| name.as_str().into()).collect(),
            sample: written.sample,
            adaptive: written.adaptive,
            delay_s: written.delay.as_deref().map_or(0, |delay| seconds(&join(&key, "delay"), delay, report)),
            settle_s: written.settle.as_deref().map_or(0, |settle| seconds(&join(&key, "settle"), settle, report)),
            expires_s: match written.expires.as_deref() {
                Some(expires) => seconds(&join(&key, "expires"), expires, report),
                None => EXPIRES_S,
            },
            budget_per_day: written.budget_usd_per_day.map(NanoUsd::from_usd),
            enabled: written.enabled,
        };
        rules.insert(rule.name.clone(), rule);
    }
    rules
}

/// Each scorer exists and belongs to one rule of the workload: a score has one probability of having been sampled.
fn scorers(key: &str, name: &str, written: &Written, file: &File, report: &mut Report) {
    let at = join(key, "scorers");
    if written.scorers.is_empty() {
        report.error(&at, "the list is empty, wanted at least one scorer", None);
    }
    for (nth, scorer) in written.scorers.iter().enumerate() {
        let at = format!("{at}[{nth}]");
        known(&at, scorer, "scorer", &file.scorers, report);
        once(&at, &written.scorers, nth, report);
        let own = file.workloads.get(&written.workload).is_some_and(|workload| workload.scorers.contains(scorer));
        let earlier = file.rules.iter().take_while(|(other, _)| *other != name);
        let taken = earlier.filter(|(_, rule)| rule.workload == written.workload && rule.scorers.contains(scorer));
        let by = taken.map(|(other, _)| format!("rule `{other}`")).next();
        if let Some(by) = own.then(|| format!("workload `{}`", written.workload)).or(by) {
            report.error(
                &at,
                format!("`{scorer}` is run by {by} already"),
                Some("give the scorer a second name under `[scorers]`, or leave it to one of them".into()),
            );
        }
    }
}

fn filter(key: &str, source: &str, report: &mut Report) -> Option<Filter> {
    match Filter::new(source) {
        Ok(filter) => Some(filter),
        Err(error) => {
            report.error_inside(key, error, source.lines().count());
            None
        }
    }
}

fn seconds(key: &str, written: &str, report: &mut Report) -> u64 {
    match duration::seconds(written).filter(|seconds| *seconds <= 86_400.0) {
        Some(seconds) => seconds.ceil() as u64,
        None => {
            let found = format!("found `{written}`, wanted a time above zero and at most a day");
            report.error(key, found, Some("such as `30s` or `5m`".into()));
            0
        }
    }
}
