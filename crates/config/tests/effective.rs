//! What a good file means: the example of the README, the environment over it, where each value came from.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{fs, path::Path};

use tempfile::TempDir;
use weir_config::{ExposeSecret, Key, Origin, Settings, load, parse, schema};
use weir_core::policy::Stage;

const README: &str = include_str!("../README.md");

fn example() -> &'static str {
    let (_, rest) = README.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn env(name: &str) -> Option<String> {
    match name {
        "WEIR_KEY" => Some("caller-secret-0123456789".into()),
        "WEIR_HOOK" => Some("hook-secret-0123456789".into()),
        "OPENAI_API_KEY" => Some("provider-secret-0123456789".into()),
        _ => None,
    }
}

/// The example in a folder with the files it names.
fn example_settings(env: &dyn Fn(&str) -> Option<String>) -> (TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    for file in ["evals/suites/maths.toml", "evals/datasets/maths.jsonl"] {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    let path = folder.path().join("weir.toml");
    fs::write(&path, example()).unwrap();
    let settings = load(Some(&path), env).unwrap_or_else(|invalid| panic!("{invalid}"));
    (folder, settings)
}

fn small(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Settings {
    parse(text, Path::new("weir.toml"), env).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn shown(settings: &Settings, key: &str) -> (String, String) {
    let row = settings.show().iter().find(|row| row.key == key);
    let row = row.unwrap_or_else(|| panic!("no row {key}"));
    (row.value.clone(), row.origin.to_string())
}

#[test]
fn the_example_of_the_readme_loads_and_means_what_it_says() {
    let (folder, settings) = example_settings(&env);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    let ids: Vec<&str> = settings.deployments.keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["openai/gpt-4.1-mini", "sim/large", "sim/medium", "sim/small"]);
    let mini = &settings.deployments["openai/gpt-4.1-mini"];
    let Some(Key::Secret(secret)) = &mini.api_key else { panic!("a secret is wanted") };
    assert_eq!(secret.expose_secret(), "provider-secret-0123456789");
    assert!(!mini.is_built_in() && !mini.allow_private);
    assert!(mini.deployment.price.as_ref().unwrap().version.starts_with("config-"));
    let maths = &settings.workloads["maths"];
    assert_eq!(maths.candidates.len(), 3);
    assert_eq!(maths.half_life_s, 86_400.0);
    assert_eq!((maths.quality.as_str(), maths.guards.as_slice()), ("exact", &["brief".into()][..]));
    assert_eq!(settings.server.data_dir, folder.path().join("weir-data"));
    assert_eq!(settings.datasets["maths"].workload.as_str(), "maths");
    assert_eq!(settings.scorers["exact"]["kind"], "exact_match");
    let Stage::Weighted { weights } = &settings.stages["split"][1] else {
        panic!("the second stage of `split` is weighted");
    };
    assert_eq!(weights["sim/medium"], 0.7);
    let caller = settings.keys.authenticate(Some("caller-secret-0123456789")).unwrap();
    assert_eq!(&*caller.name, "dev");
    assert!(caller.may_use(&"maths".into()) && !caller.may_use(&"split".into()));
}

#[test]
fn no_secret_reaches_debug_rows_or_problems() {
    let (_folder, settings) = example_settings(&env);
    let rows: Vec<&str> = settings.show().iter().map(|row| row.value.as_str()).collect();
    assert!(rows.contains(&"\"env:OPENAI_API_KEY\""));
    let text = format!("{settings:?} {rows:?}");
    assert!(!text.contains("secret-0123456789"), "{text}");
}

#[test]
fn a_comment_with_a_secret_does_not_reach_debug() {
    let settings = small("# token sk-live-0123456789\n", &|_| None);
    assert!(!format!("{settings:?}").contains("sk-live"));
}

#[test]
fn every_value_says_where_it_came_from() {
    let text =
        "[server]\nbind = \"127.0.0.1:9000\"\n\n[workloads.maths]\ncandidates = [\"sim/small\"]\n  floor = 0.7\n";
    let settings = small(text, &|name| (name == "WEIR_WORKLOADS__MATHS__FLOOR").then(|| "0.9".into()));
    let at = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(shown(&settings, "server.bind"), at("\"127.0.0.1:9000\"", "weir.toml:2:8"));
    assert_eq!(shown(&settings, "server.drain_ms"), at("25000", "default"));
    assert_eq!(shown(&settings, "workloads.maths.candidates"), at("[\"sim/small\"]", "weir.toml:5:14"));
    assert_eq!(shown(&settings, "workloads.maths.floor"), at("0.9", "env WEIR_WORKLOADS__MATHS__FLOOR"));
    assert_eq!(shown(&settings, "workloads.maths.quality"), at("\"quality\"", "default"));
    assert_eq!(shown(&settings, "deployments.\"sim/small\".price.input_usd"), at("0.1", "default"));
    assert!(settings.show().is_sorted_by(|a, b| a.key < b.key));
}

#[test]
fn the_environment_reaches_defaults_and_entries_with_odd_names() {
    let settings = load(None, &|name| match name {
        "WEIR_SERVER__BIND" => Some("[::1]:9000".into()),
        "WEIR_SERVER__DRAIN_MS" => Some("5".into()),
        "WEIR_EGRESS__ALLOW_PRIVATE" => Some("true".into()),
        "WEIR_TELEMETRY__OTLP_ENDPOINT" => Some("http://127.0.0.1:4318/".into()),
        "WEIR_DEPLOYMENTS__SIM_SMALL__MODEL" => Some("tiny".into()),
        "WEIR_WORKLOADS__DEFAULT__SAMPLE" => Some("0.25".into()),
        _ => None,
    })
    .unwrap();
    assert_eq!(settings.server.bind.to_string(), "[::1]:9000");
    assert_eq!(settings.server.drain_ms, 5);
    assert!(settings.egress.allow_private);
    assert_eq!(settings.telemetry.otlp_endpoint.as_deref(), Some("http://127.0.0.1:4318"));
    assert_eq!(settings.deployments["sim/small"].deployment.model, "tiny");
    assert_eq!(settings.workloads["default"].sample, 0.25);
}

#[test]
fn a_bad_variable_is_named_as_the_place() {
    let invalid = load(None, &|name| (name == "WEIR_WORKLOADS__DEFAULT__FLOOR").then(|| "high".into())).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "error[W0601]: found a string, wanted a number from 0 to 1\n  in env WEIR_WORKLOADS__DEFAULT__FLOOR, workloads.default.floor"
    );
}

#[test]
fn a_variable_that_could_mean_two_entries_is_refused() {
    let text = "[workloads.a-b]\ncandidates = [\"sim/small\"]\nfloor = 0.7\n[workloads.a_b]\ncandidates = [\"sim/small\"]\nfloor = 0.7\n";
    let env = |name: &str| (name == "WEIR_WORKLOADS__A_B__FLOOR").then(|| "0.9".to_owned());
    let invalid = parse(text, Path::new("weir.toml"), &env).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "error[W0601]: `WEIR_WORKLOADS__A_B__FLOOR` names 2 keys: `workloads.a-b.floor`, `workloads.a_b.floor`\n  in env WEIR_WORKLOADS__A_B__FLOOR"
    );
}

#[test]
fn other_crates_can_report_what_they_find_with_its_place() {
    let text = "[scorers.exact]\nkind = \"exact_match\"\nfold = \"kase\"\n";
    let settings = small(text, &|_| None);
    assert_eq!(settings.position("scorers.exact").to_string(), "weir.toml:1:10");
    assert_eq!(settings.position("scorers.exact.fold").to_string(), "weir.toml:3:8");
    // What is missing is reported where it should be.
    assert_eq!(settings.position("scorers.exact.choices").to_string(), "weir.toml:1:10");
    assert_eq!(settings.position("server.bind"), &Origin::Default);
    let problem = settings.problem("scorers.exact.fold", "no such fold", Some("`case`".into()));
    assert_eq!(
        problem.to_string(),
        "error[W0601]: no such fold\n  in weir.toml:3:8, scorers.exact.fold\n\nhint: `case`"
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_not_the_defaults() {
    let invalid = load(Some(Path::new("no/such/weir.toml")), &|_| None).unwrap_err();
    assert!(invalid.to_string().contains("in no/such/weir.toml"), "{invalid}");
}

#[test]
fn deployments_without_a_workload_get_one_in_their_order() {
    let text = "[deployments.zeta]\nprovider = \"openai\"\nmodel = \"z\"\n[deployments.alpha]\nprovider = \"openai\"\nmodel = \"a\"\n";
    let settings = small(text, &|_| None);
    let candidates = &settings.workloads["default"].candidates;
    let names: Vec<&str> = candidates.iter().map(|id| id.as_str()).collect();
    assert_eq!(names, ["zeta", "alpha"]);
    assert_eq!(settings.deployments["zeta"].deployment.base_url, "https://api.openai.com/v1");
    assert!(settings.deployments["zeta"].deployment.price.is_none(), "unknown, not free");
}

#[cfg(unix)]
#[test]
fn a_secret_file_is_read_from_beside_the_configuration_and_must_be_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    fs::write(&secret, "file-secret-0123456789\n").unwrap();
    let path = folder.path().join("weir.toml");
    fs::write(&path, "[server]\nbind = \"0.0.0.0:8080\"\n[keys.dev]\nsecret = \"file:key\"\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = load(Some(&path), &|_| None).unwrap();
    assert!(settings.warnings.is_empty());
    assert!(settings.keys.authenticate(Some("file-secret-0123456789")).is_ok());
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let settings = load(Some(&path), &|_| None).unwrap();
    let warning = settings.warnings[0].as_warning().to_string();
    assert!(warning.starts_with("warning[W0601]: secret file"), "{warning}");
    assert!(warning.contains("has mode 644"), "{warning}");
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(value: &serde_json::Value, undescribed: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
            for (name, property) in properties {
                if property.get("description").is_none() {
                    undescribed.push(name.clone());
                }
            }
        }
        match value {
            serde_json::Value::Object(map) => map.values().for_each(|v| walk(v, undescribed)),
            serde_json::Value::Array(all) => all.iter().for_each(|v| walk(v, undescribed)),
            _ => {}
        }
    }
    let mut undescribed = Vec::new();
    walk(&schema(), &mut undescribed);
    assert!(undescribed.is_empty(), "{undescribed:?}");
    assert!(schema()["properties"]["workloads"].is_object());
}
