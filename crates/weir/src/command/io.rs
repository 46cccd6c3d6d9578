//! What a command may touch of the process it runs in: its three streams, its environment, and whether people read
//! along. Handed in rather than reached for, so that a test can run any command and read what it printed.

use std::io::{BufRead, IsTerminal, Write};

/// The process as a command sees it.
pub struct Io<'a> {
    /// Data.
    pub out: &'a mut dyn Write,
    /// All else: errors, questions, what to do next.
    pub err: &'a mut dyn Write,
    /// Answers to questions.
    pub input: &'a mut dyn BufRead,
    /// One variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// A person reads `out`: tables and colours.
    pub out_tty: bool,
    /// A person reads `err`.
    pub err_tty: bool,
    /// A person can answer.
    pub input_tty: bool,
}

impl Io<'_> {
    /// Runs `command` with the streams and the environment of this process.
    pub(super) fn process(command: impl FnOnce(&mut Io<'_>) -> u8) -> u8 {
        let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
        let (out_tty, err_tty) = (out.is_terminal(), err.is_terminal());
        let input_tty = std::io::stdin().is_terminal();
        command(&mut Io {
            out: &mut out,
            err: &mut err,
            input: &mut std::io::stdin().lock(),
            env: &super::env,
            out_tty,
            err_tty,
            input_tty,
        })
    }

    pub(super) fn env(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }
}
