//! What only one place may say: SQL, outbound sockets, attribute names, the environment, the terminal.

use crate::{
    allows, hold, refuses,
    repo::{File, files},
};

/// One thing and who may say it.
struct Owner {
    /// Told with an offence.
    why: &'static str,
    needles: &'static [&'static str],
    /// Prefixes of paths.
    places: &'static [&'static str],
}

const OWNERS: &[Owner] = &[
    Owner {
        why: "only `store` holds SQL",
        needles: &[
            "sqlx::query",
            "query_as",
            "query_scalar",
            "query_builder",
            "QueryBuilder",
            "raw_sql",
            "\"SELECT ",
            "\"INSERT ",
            "\"UPDATE ",
            "\"DELETE FROM",
            "\"PRAGMA ",
            "\"BEGIN",
        ],
        places: &["crates/store/"],
    },
    Owner {
        why: "only `jobs` names the queue's library",
        needles: &["apalis::", "apalis_sqlite::", "apalis_core::"],
        places: &["crates/jobs/"],
    },
    Owner {
        why: "only `providers::transport` opens outbound sockets",
        needles: &[
            "reqwest::Client",
            "reqwest::get",
            "reqwest::blocking",
            "ClientBuilder",
            "TcpStream::connect",
            "UnixStream::connect",
            "UdpSocket::",
            "legacy::Client",
        ],
        // A process that takes over asks the one before it, inside the data directory.
        places: &["crates/providers/src/transport", "crates/weir/src/app/handover.rs", "crates/xtask/"],
    },
    Owner {
        why: "only `gateway`, `api` and `sim` serve HTTP",
        needles: &["axum::"],
        places: &["crates/gateway/", "crates/api/", "crates/sim/", "crates/xtask/"],
    },
    Owner {
        why: "only `telemetry::semconv` spells attribute names",
        needles: &["\"gen_ai.", "\"llm.", "\"weir.route", "\"weir.workload\"", "\"weir.deployment\"", "\"weir.cost"],
        places: &["crates/telemetry/src/semconv.rs"],
    },
    Owner {
        why: "only `weir` reads the environment",
        needles: &["env::var", "env::vars", "env::args", "env::temp_dir", "env::current_dir"],
        places: &["crates/weir/", "crates/xtask/"],
    },
    Owner {
        why: "only `weir` prints",
        needles: &["println!", "eprintln!", "print!", "eprint!", "dbg!", "io::stdout()"],
        places: &["crates/weir/", "crates/xtask/"],
    },
    Owner {
        why: "time comes through `Clock`",
        needles: &["SystemTime::now"],
        places: &["crates/core/src/clock.rs", "crates/xtask/"],
    },
    Owner {
        why: "randomness comes through `Entropy`",
        needles: &["rand::", "thread_rng", "getrandom"],
        places: &["crates/weir/src/entropy.rs", "crates/xtask/"],
    },
    Owner {
        why: "no program is ever started",
        needles: &["process::Command", "Command::new("],
        places: &["crates/xtask/"],
    },
];

fn owners(files: &[File]) -> Vec<String> {
    let shipped = files.iter().filter(|file| file.ships());
    let check = |file: &File| {
        let foreign = OWNERS.iter().filter(|owner| !owner.places.iter().any(|place| file.path.starts_with(place)));
        foreign.flat_map(|owner| file.naming(owner.needles, owner.why)).collect::<Vec<_>>()
    };
    shipped.flat_map(check).collect()
}

/// The queue shares the store's connection and so must name its type; nothing else of the driver is its business.
fn driver(files: &[File]) -> Vec<String> {
    let foreign = files.iter().filter(|file| file.ships() && file.krate() != Some("store"));
    let all = foreign.flat_map(|file| file.naming(&["sqlx"], "only `store` knows the database driver"));
    all.filter(|offence| !(offence.starts_with("crates/jobs/") && offence.contains("sqlx::SqliteConnection"))).collect()
}

/// The binary merges two routers and hands them on; it serves nothing itself.
fn merging(files: &[File]) -> Vec<String> {
    let weir = files.iter().filter(|file| file.ships() && file.krate() == Some("weir"));
    let all = weir.flat_map(|file| file.naming(&["axum"], "`weir` merges routers and serves nothing itself"));
    all.filter(|offence| !offence.contains("axum::Router")).collect()
}

#[test]
fn what_has_an_owner_is_said_in_one_place() {
    hold(&owners(files()));
}

#[test]
fn what_is_said_in_the_wrong_place_is_found() {
    for (path, code) in [
        ("crates/api/src/x.rs", "sqlx::query(text).execute(pool)"),
        ("crates/jobs/src/x.rs", "let sql = \"SELECT 1\";"),
        ("crates/api/src/x.rs", "use apalis::prelude::*;"),
        ("crates/weir/src/x.rs", "reqwest::Client::new()"),
        ("crates/jobs/src/x.rs", "TcpStream::connect(addr).await"),
        ("crates/jobs/src/x.rs", "use axum::Router;"),
        ("crates/gateway/src/x.rs", "span.set(\"gen_ai.request.model\", model)"),
        ("crates/config/src/x.rs", "std::env::var(name)"),
        ("crates/store/src/x.rs", "println!(\"{row}\");"),
        ("crates/gateway/src/x.rs", "SystemTime::now()"),
        ("crates/optimizer/src/x.rs", "rand::random()"),
        ("crates/api/src/x.rs", "Command::new(\"sh\")"),
    ] {
        if path == "crates/jobs/src/x.rs" || !code.starts_with("use axum") {
            refuses(owners, path, code);
        }
    }
}

#[test]
fn comments_unit_tests_and_longer_names_are_no_offence() {
    allows(owners, "crates/api/src/x.rs", "// println!(\"{row}\");\n#[cfg(test)]\nmod tests {\n    println!();\n}\n");
    allows(owners, "crates/api/src/x.rs", "let brand::Name = my_println!();");
    allows(owners, "crates/api/tests/x.rs", "println!();");
    allows(owners, "crates/providers/src/transport/x.rs", "reqwest::Client::builder()");
}

#[test]
fn only_the_store_and_the_queue_s_connection_name_the_database_driver() {
    hold(&driver(files()));
    refuses(driver, "crates/jobs/src/x.rs", "use sqlx::SqlitePool;");
    allows(driver, "crates/jobs/src/x.rs", "use sqlx::SqliteConnection;");
}

#[test]
fn the_binary_serves_nothing_itself() {
    hold(&merging(files()));
    refuses(merging, "crates/weir/src/x.rs", "axum::serve(listener, router)");
    allows(merging, "crates/weir/src/x.rs", "let router: axum::Router = gateway.merge(api);");
}
