//! The particular half of validation: what no schema can say. Names exist, references resolve, addresses are safe,
//! half-lives are times.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use indexmap::IndexMap;
use secrecy::SecretString;
use weir_core::ScorerName;

use crate::{
    builtin::order,
    callers::keys,
    canary, duration, endpoint,
    file::File,
    hook,
    names::{known, names},
    origin,
    place::join,
    preset::found,
    problem::{Invalid, Report},
    rules::rules,
    settings::{Dataset, Egress, Server, Settings, Source, Suite, Telemetry},
    traffic::{Workloads, probes, shadows, workloads},
};

/// What validation may ask of the world.
pub(crate) struct Context<'a> {
    /// Folder that relative paths start from.
    pub(crate) base: &'a Path,
    /// Looks up an environment variable.
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
}

/// A file that satisfies its schema to settings.
pub(crate) fn settings(
    mut file: File,
    context: &Context<'_>,
    mut report: Report,
    source: Option<Source>,
) -> Result<Settings, Invalid> {
    let report_ref = &mut report;
    in_file_order(&mut file, report_ref);
    names(&file, report_ref);
    let keys = keys(&file, context, report_ref);
    let server = server(&file, file.keys.is_empty(), context, report_ref);
    let telemetry = telemetry(&mut file, report_ref);
    let everywhere = file.egress.allow_private;
    let deployments = file
        .deployments
        .iter_mut()
        .map(|(id, written)| {
            let key = join("deployments", id);
            let setting = endpoint::deployment(&key, id, written, everywhere, context, report_ref);
            (id.as_str().into(), setting)
        })
        .collect();
    let Workloads { workloads, stages, presets, admitted } = workloads(&mut file, report_ref);
    let probes = probes(&file, report_ref);
    let shadows = shadows(&file, report_ref);
    let canary = canary::defaults(&file.canary, report_ref);
    let policy_webhook = hook::webhook(&file.policy, context, report_ref);
    let (suites, datasets) = files(&file, context, report_ref);
    let scorers = file
        .scorers
        .iter()
        .filter_map(|(name, scorer)| Some((name.as_str().into(), serde_json::to_value(scorer).ok()?)))
        .collect();
    let rules = rules(&file, report_ref);
    let scorer_secrets = scorer_secrets(&file, context, report_ref);
    let tree = match serde_json::to_value(&file) {
        Ok(tree) => tree,
        Err(error) => {
            report.error("", format!("cannot be shown: {error}"), None);
            return Err(report.into_invalid());
        }
    };
    if !report.is_clean() {
        return Err(report.into_invalid());
    }
    let (places, warnings) = report.into_parts();
    Ok(Settings {
        server,
        telemetry,
        egress: Egress { allow_private: everywhere },
        keys,
        deployments,
        workloads,
        stages,
        presets,
        admitted,
        probes,
        shadows,
        canary,
        policy_webhook,
        scorers,
        scorer_secrets,
        rules,
        suites,
        datasets,
        keys_found: found(context.env),
        warnings,
        rows: origin::rows(&tree, &places),
        places,
        source,
    })
}

/// The keys that webhooks sign with.
fn scorer_secrets(file: &File, context: &Context<'_>, report: &mut Report) -> IndexMap<ScorerName, SecretString> {
    let hooks = file.scorers.iter().filter(|(_, scorer)| scorer.kind == "webhook");
    let secrets = hooks.filter_map(|(name, scorer)| {
        let reference = scorer.rest.get("secret")?.as_str()?;
        let secret = context.secret(&join(&join("scorers", name), "secret"), reference, report)?;
        Some((name.as_str().into(), secret))
    });
    secrets.collect()
}

/// Tables come sorted by name; candidates, lists and `GET /v1/models` should follow the file.
fn in_file_order(file: &mut File, report: &Report) {
    fn sort<T>(section: &str, map: &mut IndexMap<String, T>, report: &Report) {
        map.sort_by_cached_key(|name, _| order(&report.places, &join(section, name)));
    }
    sort("keys", &mut file.keys, report);
    sort("deployments", &mut file.deployments, report);
    sort("workloads", &mut file.workloads, report);
    sort("scorers", &mut file.scorers, report);
    sort("rules", &mut file.rules, report);
    sort("suites", &mut file.suites, report);
    sort("datasets", &mut file.datasets, report);
}

fn server(file: &File, open: bool, context: &Context<'_>, report: &mut Report) -> Server {
    let written = &file.server;
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let text = match written.bind.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => written.bind.clone(),
    };
    let bind = text.parse().unwrap_or_else(|_| {
        report.error(
            "server.bind",
            format!("found `{}`, wanted an address and a port", written.bind),
            Some("such as `127.0.0.1:8080` or `[::1]:8080`".into()),
        );
        loopback
    });
    if open && !bind.ip().is_loopback() {
        report.error(
            "server.bind",
            format!("`{}` is beyond loopback, and no key is configured", written.bind),
            Some("add a `[keys.NAME]`, or bind `127.0.0.1`".into()),
        );
    }
    if written.data_dir.is_empty() {
        report.error("server.data_dir", "found an empty string", None);
    }
    let responses_kept = duration::seconds(&written.responses_kept).unwrap_or_else(|| {
        report.error(
            "server.responses_kept",
            format!("found `{}`, wanted a time above zero", written.responses_kept),
            Some("such as `30d`, `24h` or `30m`".into()),
        );
        1.0
    });
    Server {
        bind,
        data_dir: context.base.join(&written.data_dir),
        max_body_bytes: usize::try_from(written.max_body_bytes).unwrap_or(usize::MAX),
        max_connections: usize::try_from(written.max_connections).unwrap_or(usize::MAX),
        scores_per_s: written.scores_per_s,
        responses_kept: Duration::from_secs_f64(responses_kept),
        responses_max_bytes: written.responses_max_mb.saturating_mul(1_000_000),
        drain_ms: written.drain_ms,
        max_memory_bytes: written.max_memory_mb.map(|mb| mb.saturating_mul(1_000_000)),
    }
}

fn telemetry(file: &mut File, report: &mut Report) -> Telemetry {
    let written = &mut file.telemetry;
    written.otlp_endpoint = written
        .otlp_endpoint
        .as_ref()
        .map(|url| endpoint::base_url("telemetry.otlp_endpoint", url, "http://127.0.0.1:4318", report));
    if written.log.is_empty() {
        report.error("telemetry.log", "found an empty string", Some("`off` silences the log".into()));
    }
    Telemetry { otlp_endpoint: written.otlp_endpoint.clone(), log: written.log.clone() }
}

fn files(
    file: &File,
    context: &Context<'_>,
    report: &mut Report,
) -> (IndexMap<String, Suite>, IndexMap<String, Dataset>) {
    let mut exists = |key: String, path: &str| -> PathBuf {
        let full = context.base.join(path);
        if !full.is_file() {
            report.error(&key, format!("file `{}` does not exist", full.display()), None);
        }
        full
    };
    let suites = file
        .suites
        .iter()
        .map(|(name, suite)| {
            let key = join(&join("suites", name), "file");
            let file = exists(key, &suite.file);
            (name.clone(), Suite { file })
        })
        .collect();
    let mut datasets: IndexMap<String, Dataset> = file
        .datasets
        .iter()
        .map(|(name, dataset)| {
            let key = join(&join("datasets", name), "file");
            let file = exists(key, &dataset.file);
            let workload = dataset.workload.as_str().into();
            (name.clone(), Dataset { file, workload })
        })
        .collect();
    for (name, dataset) in &mut datasets {
        let key = join(&join("datasets", name), "workload");
        known(&key, dataset.workload.as_str(), "workload", &file.workloads, report);
    }
    (suites, datasets)
}
