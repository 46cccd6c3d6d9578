//! `cargo deny`: bans, licences and sources always; advisories where their database can be had.

use std::path::{Path, PathBuf};

use crate::{
    paths,
    shell::{self, cargo, program},
};

const VERSION: &str = "0.20.2";

pub(crate) fn run() -> anyhow::Result<()> {
    let tool = tool()?;
    check(&tool, &["bans", "licenses", "sources"])?;
    // What cannot be fetched is not a finding; what is found in it is.
    if let Err(error) = shell::run(program(&tool, &["fetch", "db"], &paths::root())) {
        println!("advisories: skipped, their database cannot be had here ({error:#})");
        return Ok(());
    }
    check(&tool, &["advisories"])
}

fn check(tool: &Path, checks: &[&str]) -> anyhow::Result<()> {
    let mut args = vec!["--locked", "check", "--hide-inclusion-graph"];
    args.extend(checks);
    shell::run(program(tool, &args, &paths::root()))
}

/// The installed program of the wanted version, installed beside the build where it is missing.
fn tool() -> anyhow::Result<PathBuf> {
    let folder = paths::target()?.join("tools");
    let tool = folder.join("bin/cargo-deny");
    if !tool.is_file() {
        let root = folder.to_string_lossy();
        // It runs for a second: what counts is how long it takes to build.
        let mut install =
            cargo(&["install", "cargo-deny", "--debug", "--locked", "--version", VERSION, "--root", &root]);
        install.env("CARGO_TARGET_DIR", folder.join("build"));
        shell::run(install)?;
    }
    Ok(tool)
}
