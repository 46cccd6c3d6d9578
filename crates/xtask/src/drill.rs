//! Drills: stories of `tests/tests/stories` that CI plays a few times, played as often as asked.

use crate::shell;

/// How often `kill -9`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Processes to kill: each numbered step once, then seeded ones
    #[arg(long, default_value_t = 1_000)]
    injections: u32,
}

/// `kill -9` at the steps of promotions and rollbacks.
pub(crate) fn kill(args: &Args) -> anyhow::Result<()> {
    story("sigkill::", "WEIR_DRILL_KILLS", args.injections)
}

/// One family of stories, told of a number by `variable`; what it says is shown.
pub(crate) fn story(family: &str, variable: &str, times: u32) -> anyhow::Result<()> {
    let mut command =
        shell::cargo(&["test", "--workspace", "--test", "stories", "--", "--include-ignored", "--nocapture", family]);
    command.env(variable, times.to_string());
    shell::run(command)
}
