//! Running other programs: said before, checked after.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use crate::paths;

/// A cargo command in the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(paths::root());
    // `cargo run` says these of this package; a nested cargo must not take them for its own.
    command.env_remove("CARGO_MANIFEST_DIR");
    if let Ok(target) = paths::target() {
        command.env("CARGO_TARGET_DIR", target);
    }
    command
}

/// A program in a folder.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(folder);
    command
}

/// Runs to the end, output as it comes.
///
/// # Errors
/// When the program cannot be started or fails.
pub(crate) fn run(mut command: Command) -> anyhow::Result<()> {
    let said = said(&command);
    eprintln!("$ {said}");
    let status = command.status().with_context(|| said.clone())?;
    if !status.success() {
        bail!("`{said}` ended with {status}");
    }
    Ok(())
}

/// Runs to the end and returns standard output; standard error passes through.
///
/// # Errors
/// When the program cannot be started, fails, or prints what is not UTF-8.
pub(crate) fn output(mut command: Command) -> anyhow::Result<String> {
    let said = said(&command);
    eprintln!("$ {said}");
    let output = command.stderr(Stdio::inherit()).output().with_context(|| said.clone())?;
    let text = String::from_utf8(output.stdout).with_context(|| said.clone())?;
    if !output.status.success() {
        bail!("`{said}` ended with {}\n{text}", output.status);
    }
    Ok(text)
}

fn said(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs to the end without saying so.
///
/// # Errors
/// When the program cannot be started or fails.
pub(crate) fn quiet(name: &str, args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(name).args(args).status().with_context(|| name.to_owned())?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}
