//! `weir completions SHELL`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{
    Cli,
    failure::{FINE, Outcome},
    io::Io,
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir completions zsh > ~/.zfunc/_weir
  weir completions bash > /etc/bash_completion.d/weir")]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Outcome {
    // Into memory first: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "weir", &mut script);
    io.out.write_all(&script)?;
    Ok(FINE)
}
