//! The fuzz targets, each for some seconds on a copy of its kept corpus: libFuzzer with the compiler's own coverage counters,
//! on the toolchain in use. In `ci` each target gets the same inputs every time: a landing is no lottery.

use std::fs;

use anyhow::{Context, ensure};

use crate::{
    paths,
    shell::{self, cargo, program},
};

/// What libFuzzer needs of the compiler: counters of edges, their places, and the operands of comparisons.
const FLAGS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Inputs for each target in `ci`, and what they are drawn from.
const BRIEF: [&str; 2] = ["-runs=20000", "-seed=20260"];

/// How long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target, on inputs of its own [default: the same 20,000 inputs each time]
    #[arg(long)]
    seconds: Option<u32>,
    /// Only this target
    target: Option<String>,
}

/// The step of `ci`: every target.
pub(crate) fn brief() -> anyhow::Result<()> {
    fuzz(None, &BRIEF)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let target = args.target.as_deref();
    match args.seconds {
        Some(seconds) => fuzz(target, &[&format!("-max_total_time={seconds}")]),
        None => fuzz(target, &BRIEF),
    }
}

fn fuzz(target: Option<&str>, limit: &[&str]) -> anyhow::Result<()> {
    let folder = paths::root().join("tests/fuzz");
    let built = paths::target()?.join("fuzz");
    // The same dependencies as weir's own; what only fuzzing needs is added to them.
    fs::copy(paths::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let triple = host()?;
    let mut build = cargo(&["build", "--profile", "dev", "--target", &triple]);
    build.current_dir(&folder).env("CARGO_TARGET_DIR", &built);
    build.env("RUSTFLAGS", FLAGS.join(" "));
    shell::run(build)?;
    let mut names: Vec<String> = fs::read_dir(folder.join("corpus"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    names.retain(|name| target.is_none_or(|only| only == name));
    names.sort();
    ensure!(!names.is_empty(), "no such target");
    for name in names {
        // New inputs go into the first folder: the kept ones stay as they are.
        let found = built.join("corpus").join(&name);
        fs::create_dir_all(&found)?;
        let kept = folder.join("corpus").join(&name);
        let failing = format!("-artifact_prefix={}/", built.display());
        let (found, kept) = (found.to_string_lossy(), kept.to_string_lossy());
        let fuzzer = built.join(&triple).join("debug").join(&name);
        let rest = [
            "-max_len=8192",
            "-timeout=10",
            "-verbosity=0",
            "-print_funcs=0",
            "-print_final_stats=1",
            &failing,
            &found,
            &kept,
        ];
        let args = [limit, &rest].concat();
        shell::run(program(fuzzer, &args, &folder))
            .with_context(|| format!("target {name}; the input is in {}", built.display()))?;
    }
    Ok(())
}

/// Built for its own triple, so that the flags are not those of build scripts.
fn host() -> anyhow::Result<String> {
    let about = shell::output(program("rustc", &["-vV"], &paths::root()))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say its host")
}
