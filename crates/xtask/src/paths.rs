//! Where things are, relative to this package and to this executable: no path of any one machine.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// The build folder this executable lies in, `target` unless cargo was told otherwise.
///
/// # Errors
/// When the executable does not know where it is.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("where is this executable?")?;
    let target = executable.ancestors().nth(2);
    Ok(target.context("the executable lies outside a build folder")?.to_path_buf())
}

/// A program by name, the first in `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
