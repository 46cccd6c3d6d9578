//! `weir explain W0301`.

use weir_core::{Fault, error};

use super::{
    failure::{FINE, Failure, Outcome},
    io::Io,
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir explain W0301             what `no deployment can serve this request` means
  weir explain w0406             letters may be small")]
pub(super) struct Args {
    /// The code, as printed in brackets after `error`
    code: String,
}

pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Outcome {
    let Some(code) = error::find(&args.code) else {
        let known = error::CODES.iter().map(|row| row.code).collect::<Vec<_>>().join(" ");
        return Err(Failure::usage(format!("no error has the code `{}`", args.code), format!("these exist: {known}")));
    };
    let fault = match code.fault {
        Fault::Caller => "the request's",
        Fault::Upstream => "a provider's",
        Fault::Us => "weir's",
    };
    let again = if code.retryable { "the same request may succeed later" } else { "trying again will not help" };
    writeln!(
        io.out,
        "{}: {}\n\nHTTP status {}, {fault} fault; {again}.\n\n{}",
        code.code, code.title, code.status, code.page
    )?;
    Ok(FINE)
}
