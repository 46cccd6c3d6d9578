//! Workloads: candidates, scorers, windows and deadlines.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;
use weir_core::{
    DeploymentId, NanoUsd, WorkloadId,
    policy::Stage,
    segment::{self, MOST_SEGMENTS, MOST_TENANTS, SegmentBy},
    workload::{Deadlines, Optimize, OptimizeMode, Strictness, Workload},
};

use crate::{
    duration,
    file::{self, File},
    names::{known, once},
    nearest::suggest,
    place::join,
    policy,
    problem::Report,
    settings::{Probes, Shadow},
};

/// Workloads and how each is routed.
#[derive(Default)]
pub(crate) struct Workloads {
    pub(crate) workloads: IndexMap<WorkloadId, Workload>,
    /// The stages of its policy.
    pub(crate) stages: IndexMap<WorkloadId, Vec<Stage>>,
    /// The presets that fit it.
    pub(crate) presets: IndexMap<WorkloadId, IndexMap<String, Vec<Stage>>>,
    /// Who takes traffic from the start, beside the first candidate.
    pub(crate) admitted: IndexMap<WorkloadId, Vec<DeploymentId>>,
}

/// Golden probes of the workloads that have them.
pub(crate) fn probes(file: &File, report: &mut Report) -> IndexMap<WorkloadId, Probes> {
    let mut probes = IndexMap::new();
    for (id, workload) in &file.workloads {
        let Some(written) = &workload.probes else {
            continue;
        };
        let key = join(&join("workloads", id), "probes");
        let every_s = duration::seconds(&written.every).unwrap_or_else(|| {
            let found = format!("found `{}`, wanted a time above zero", written.every);
            report.error(&join(&key, "every"), found, Some("such as `15m` or `1h`".into()));
            1.0
        });
        probes.insert(
            id.as_str().into(),
            Probes {
                every: Duration::from_secs_f64(every_s),
                items: written.items,
                max_per_day: NanoUsd::from_usd(written.max_usd_per_day),
            },
        );
    }
    probes
}

/// Shadows of the workloads that have one.
pub(crate) fn shadows(file: &File, report: &mut Report) -> IndexMap<WorkloadId, Shadow> {
    let mut shadows = IndexMap::new();
    for (id, workload) in &file.workloads {
        let Some(written) = &workload.shadow else {
            continue;
        };
        if !workload.candidates.contains(&written.candidate) {
            let names: Vec<&str> = workload.candidates.iter().map(String::as_str).collect();
            report.error(
                &join(&join(&join("workloads", id), "shadow"), "candidate"),
                format!("`{}` is not one of this workload's candidates", written.candidate),
                suggest(&written.candidate, &names, "they are"),
            );
        }
        shadows.insert(
            id.as_str().into(),
            Shadow {
                candidate: written.candidate.as_str().into(),
                share: written.share,
                max_per_day: NanoUsd::from_usd(written.max_usd_per_day),
            },
        );
    }
    shadows
}

fn segments(key: &str, written: &file::Workload, report: &mut Report) -> Vec<SegmentBy> {
    let twice =
        written.segments.iter().enumerate().find(|(nth, by)| written.segments.iter().take(*nth).any(|b| b == *by));
    if let Some((nth, _)) = twice {
        report.error(&format!("{}[{nth}]", join(key, "segments")), "named twice, wanted each once", None);
    }
    let by = |by: &file::SegmentBy| match by {
        file::SegmentBy::InputTokens => SegmentBy::InputTokens,
        file::SegmentBy::Tools => SegmentBy::Tools,
        file::SegmentBy::Hours => SegmentBy::Hours,
        file::SegmentBy::Language => SegmentBy::Language,
        file::SegmentBy::Tenant => SegmentBy::Tenant,
    };
    written.segments.iter().map(by).collect()
}

/// The keys that are told apart, where any are; each is one of `keys`.
fn tenants(
    key: &str,
    written: &file::Workload,
    keys: &IndexMap<String, file::Key>,
    report: &mut Report,
) -> Vec<Arc<str>> {
    let at = join(key, "tenants");
    let told = written.segments.contains(&file::SegmentBy::Tenant);
    if told && written.tenants.is_empty() {
        let hint = "name the keys to tell apart in `tenants`; all others are one";
        report.error(&join(key, "segments"), "`tenant` tells nobody apart: there are no `tenants`", Some(hint.into()));
    }
    if !told && !written.tenants.is_empty() {
        let hint = "add `tenant` to `segments`, or leave `tenants` out";
        report.error(&at, "nothing tells them apart", Some(hint.into()));
    }
    if written.tenants.len() > MOST_TENANTS {
        let found = format!("{} names, wanted at most {MOST_TENANTS}", written.tenants.len());
        report.error(&at, found, Some("each has windows of its own; name those with the most traffic".into()));
    }
    for (nth, name) in written.tenants.iter().enumerate() {
        known(&format!("{at}[{nth}]"), name, "key", keys, report);
        once(&at, &written.tenants, nth, report);
    }
    written.tenants.iter().map(|name| name.as_str().into()).collect()
}

/// More segments than have any traffic to speak of.
fn not_too_many(key: &str, by: &[SegmentBy], tenants: &[Arc<str>], report: &mut Report) {
    let count = segment::count(by, tenants);
    if count > MOST_SEGMENTS {
        let found = format!("{count} combinations, wanted at most {MOST_SEGMENTS}");
        let hint = "tell apart by fewer features: a part without traffic proves nothing";
        report.error(&join(key, "segments"), found, Some(hint.into()));
    }
}

fn optimize(written: &crate::file::Workload) -> Optimize {
    let mode = match written.optimize {
        crate::file::Optimize::Off => OptimizeMode::Off,
        crate::file::Optimize::Propose => OptimizeMode::Propose,
        crate::file::Optimize::Auto => OptimizeMode::Auto,
    };
    Optimize { mode, share: written.explore, usd_per_day: written.explore_usd_per_day }
}

/// All workloads, their defaults written back into `file`; what is wrong is reported.
pub(crate) fn workloads(file: &mut File, report: &mut Report) -> Workloads {
    let mut all = Workloads::default();
    for (id, written) in &mut file.workloads {
        let key = join("workloads", id);
        let at = join(&key, "candidates");
        if written.candidates.is_empty() {
            report.error(&at, "the list is empty, wanted at least one deployment", None);
        }
        for (nth, name) in written.candidates.iter().enumerate() {
            let at = format!("{at}[{nth}]");
            known(&at, name, "deployment", &file.deployments, report);
            once(&at, &written.candidates, nth, report);
        }
        for (nth, name) in written.scorers.iter().enumerate() {
            let at = format!("{}[{nth}]", join(&key, "scorers"));
            known(&at, name, "scorer", &file.scorers, report);
            once(&at, &written.scorers, nth, report);
        }
        let quality =
            written.quality.clone().or_else(|| written.scorers.first().cloned()).unwrap_or_else(|| "quality".into());
        if !written.scorers.is_empty() && !written.scorers.contains(&quality) {
            let names: Vec<&str> = written.scorers.iter().map(String::as_str).collect();
            report.error(
                &join(&key, "quality"),
                format!("`{quality}` is not one of this workload's scorers"),
                suggest(&quality, &names, "they are"),
            );
        }
        for (nth, name) in written.guards.iter().enumerate() {
            let at = format!("{}[{nth}]", join(&key, "guards"));
            once(&at, &written.guards, nth, report);
            if *name == quality {
                report.error(
                    &at,
                    format!("`{name}` is the workload's quality, which every canary is decided by"),
                    None,
                );
            } else if !written.scorers.contains(name) {
                let names: Vec<&str> = written.scorers.iter().map(String::as_str).collect();
                let message = format!("`{name}` is not one of this workload's scorers");
                report.error(&at, message, suggest(name, &names, "they are"));
            }
        }
        written.quality = Some(quality.clone());
        let at = join(&key, "half_life");
        let half_life_s = duration::seconds(&written.half_life).unwrap_or_else(|| {
            report.error(
                &at,
                format!("found `{}`, wanted a time above zero", written.half_life),
                Some("such as `24h`, `30m` or `90s`".into()),
            );
            1.0
        });
        let id: WorkloadId = id.as_str().into();
        all.stages.insert(id.clone(), policy::stages(&key, written, report));
        all.presets.insert(id.clone(), policy::presets(&key, written));
        all.admitted.insert(id.clone(), admitted(&key, written, report));
        let limits = &written.deadlines;
        let segments = segments(&key, written, report);
        let tenants = tenants(&key, written, &file.keys, report);
        not_too_many(&key, &segments, &tenants, report);
        all.workloads.insert(
            id.clone(),
            Workload {
                id,
                candidates: written.candidates.iter().map(|name| name.as_str().into()).collect(),
                floor: written.floor,
                scorers: written.scorers.iter().map(|name| name.as_str().into()).collect(),
                quality: quality.into(),
                guards: written.guards.iter().map(|name| name.as_str().into()).collect(),
                sample: written.sample,
                half_life_s,
                segments,
                tenants,
                optimize: optimize(written),
                deadlines: Deadlines {
                    connect_ms: limits.connect_ms,
                    first_byte_ms: limits.first_byte_ms,
                    idle_ms: limits.idle_ms,
                    total_ms: limits.total_ms,
                },
                strictness: match written.strictness {
                    file::Strictness::Strict => Strictness::Strict,
                    file::Strictness::Lenient => Strictness::Lenient,
                },
            },
        );
    }
    all
}

/// Who takes traffic without having proven anything: those that are named, or everybody where there is nothing to prove.
fn admitted(key: &str, written: &file::Workload, report: &mut Report) -> Vec<DeploymentId> {
    let names = match (&written.admitted, written.floor) {
        (Some(names), _) => names.as_slice(),
        (None, None) => written.candidates.as_slice(),
        (None, Some(_)) => &[],
    };
    for (nth, name) in names.iter().enumerate().filter(|(_, name)| !written.candidates.contains(name)) {
        let known: Vec<&str> = written.candidates.iter().map(String::as_str).collect();
        report.error(
            &format!("{}[{nth}]", join(key, "admitted")),
            format!("`{name}` is not one of this workload's candidates"),
            suggest(name, &known, "they are"),
        );
    }
    names.iter().map(|name| name.as_str().into()).collect()
}
