//! The official client against a running weir: what people have installed must work as it is.

use crate::{
    paths,
    shell::{self, program},
};

pub(crate) fn run() -> anyhow::Result<()> {
    let mut command = program("sh", &["tests/clients/run.sh"], &paths::root());
    command.env("CARGO_TARGET_DIR", paths::target()?);
    shell::run(command)
}
