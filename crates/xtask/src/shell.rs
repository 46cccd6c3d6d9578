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
    forget_package(&mut command);
    if let Ok(target) = paths::target() {
        command.env("CARGO_TARGET_DIR", target);
    }
    command
}

/// A program in a folder.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(folder);
    forget_package(&mut command);
    command
}

/// `cargo run` says of this package what it is called and where it lies. A nested cargo must not take that for its own:
/// build scripts that look at it, such as ring's, would run again, and with them a hundred crates be built again.
fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
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
