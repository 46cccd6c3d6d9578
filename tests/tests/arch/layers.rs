//! Five layers, arrows only down; and which crate may know which library.

use std::collections::BTreeSet;

use toml::Table;

use crate::{
    allows, hold, refuses,
    repo::{File, files},
};

/// What each crate may use of ours: its own row and no more.
const ARROWS: &[(&str, &[&str])] = &[
    // L0: words and numbers.
    ("core", &[]),
    ("stats", &[]),
    // L1: one outside world each.
    ("config", &["core"]),
    ("providers", &["core"]),
    ("store", &["core"]),
    ("telemetry", &["core"]),
    // L2: pure decisions.
    ("router", &["core", "stats"]),
    ("evals", &["core", "stats"]),
    ("optimizer", &["core", "stats", "router"]),
    // L3.
    ("gateway", &["core", "stats", "config", "providers", "store", "telemetry", "router"]),
    ("jobs", &["core", "stats", "config", "providers", "store", "telemetry", "router", "evals", "optimizer"]),
    ("api", &["core", "stats", "config", "providers", "store", "telemetry", "router", "evals", "optimizer"]),
    ("sim", &["core"]),
    // L4, and the tools.
    ("weir", ALL),
    ("xtask", ALL),
];

const ALL: &[&str] = &[
    "core",
    "stats",
    "config",
    "providers",
    "store",
    "telemetry",
    "router",
    "evals",
    "optimizer",
    "gateway",
    "jobs",
    "api",
    "sim",
    "weir",
];

/// Crates that decide: no runtime, no IO.
const PURE: [&str; 5] = ["core", "stats", "router", "evals", "optimizer"];
const IMPURE: [&str; 8] = ["tokio", "tokio-util", "sqlx", "reqwest", "axum", "hyper", "apalis", "notify"];

/// Libraries that have an owner.
const OWNED: &[(&str, &[&str])] = &[
    ("apalis", &["jobs"]),
    ("apalis-sqlite", &["jobs"]),
    ("axum", &["gateway", "api", "sim", "weir", "xtask"]),
    ("reqwest", &["providers", "xtask"]),
    ("sqlx", &["store", "jobs"]),
    ("metrics-exporter-prometheus", &["telemetry"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry-otlp", &["telemetry"]),
];

/// A crate's manifest.
struct Manifest<'a> {
    path: &'a str,
    krate: &'a str,
    table: Table,
}

fn manifests(files: &[File]) -> Vec<Manifest<'_>> {
    let manifests = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let read = |file: &File| file.text.parse::<Table>().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    manifests.filter_map(|file| Some(Manifest { path: &file.path, krate: file.krate()?, table: read(file) })).collect()
}

impl Manifest<'_> {
    fn names(&self, section: &str) -> BTreeSet<&str> {
        let table = self.table.get(section).and_then(toml::Value::as_table);
        table.into_iter().flat_map(Table::keys).map(String::as_str).collect()
    }
    fn ours(&self) -> impl Iterator<Item = &str> {
        self.names("dependencies").into_iter().filter_map(|name| name.strip_prefix("weir-"))
    }
}

fn arrows(files: &[File]) -> Vec<String> {
    let mut offences = Vec::new();
    for manifest in manifests(files) {
        let Some((_, may)) = ARROWS.iter().find(|(krate, _)| *krate == manifest.krate) else {
            offences.push(format!("{}: the table of arrows does not know this crate", manifest.path));
            continue;
        };
        let up = manifest.ours().filter(|used| !may.contains(used));
        offences.extend(up.map(|used| format!("{}: {} may not use {used}", manifest.path, manifest.krate)));
    }
    offences
}

/// Pure crates stay pure, in their tests too: what needs a runtime to be tested is not a decision.
fn purity(files: &[File]) -> Vec<String> {
    let mut offences = Vec::new();
    for manifest in manifests(files).iter().filter(|manifest| PURE.contains(&manifest.krate)) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.names(section).into_iter().filter(|name| IMPURE.contains(name));
            offences.extend(names.map(|name| format!("{}: a pure crate takes {name}", manifest.path)));
        }
    }
    offences
}

fn ownership(files: &[File]) -> Vec<String> {
    let mut offences = Vec::new();
    for manifest in manifests(files) {
        for (library, owners) in OWNED {
            if manifest.names("dependencies").contains(library) && !owners.contains(&manifest.krate) {
                offences.push(format!("{}: {library} belongs to {}", manifest.path, owners.join(", ")));
            }
        }
    }
    offences
}

#[test]
fn arrows_between_crates_only_go_down() {
    hold(&arrows(files()));
    let found: BTreeSet<_> = manifests(files()).iter().map(|manifest| manifest.krate.to_owned()).collect();
    assert_eq!(found, ARROWS.iter().map(|(krate, _)| (*krate).to_owned()).collect());
}

#[test]
fn an_arrow_upwards_is_found() {
    refuses(arrows, "crates/router/Cargo.toml", "[dependencies]\nweir-store.workspace = true\n");
    refuses(arrows, "crates/core/Cargo.toml", "[dependencies]\nweir-stats = { path = \"../stats\" }\n");
    refuses(arrows, "crates/newcomer/Cargo.toml", "[dependencies]\n");
    allows(
        arrows,
        "crates/gateway/Cargo.toml",
        "[dependencies]\nweir-core = \"*\"\n[dev-dependencies]\nweir-sim = \"*\"\n",
    );
}

#[test]
fn no_row_of_the_table_points_at_itself_or_up() {
    let place = |name: &str| ARROWS.iter().position(|(krate, _)| *krate == name).unwrap();
    for (krate, may) in ARROWS.iter().filter(|(krate, _)| !["weir", "xtask"].contains(krate)) {
        assert!(may.iter().all(|used| place(used) < place(krate)), "{krate}");
    }
}

#[test]
fn crates_that_decide_know_no_runtime_no_socket_and_no_database() {
    hold(&purity(files()));
}

#[test]
fn a_runtime_in_a_pure_crate_is_found() {
    refuses(purity, "crates/optimizer/Cargo.toml", "[dependencies]\ntokio = \"1\"\n");
    refuses(purity, "crates/evals/Cargo.toml", "[dev-dependencies]\nreqwest.workspace = true\n");
    allows(purity, "crates/store/Cargo.toml", "[dependencies]\ntokio = \"1\"\n");
}

#[test]
fn libraries_with_an_owner_stay_with_it() {
    hold(&ownership(files()));
}

#[test]
fn a_library_in_the_wrong_crate_is_found() {
    refuses(ownership, "crates/api/Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n");
    refuses(ownership, "crates/gateway/Cargo.toml", "[dependencies]\napalis = \"1\"\n");
    refuses(ownership, "crates/jobs/Cargo.toml", "[dependencies]\nreqwest = \"0.13\"\n");
}
