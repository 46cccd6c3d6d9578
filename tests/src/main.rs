//! weir as a process of its own, for stories that kill and reload it: what `weir` does, built beside the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    weir::command::run()
}
