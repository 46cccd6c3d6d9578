//! What every command that talks to a server shares: which server, which key, and how to print.

use super::{
    client::{Client, DEFAULT_SERVER},
    failure::Outcome,
    io::Io,
    out::{Colour, Out},
};

/// The options of every noun.
#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    /// Address of a running weir [env: WEIR_SERVER] [default: http://127.0.0.1:8080]; its key is read from WEIR_KEY
    #[arg(long, global = true, value_name = "URL")]
    pub(super) server: Option<String>,
    /// Print the API's JSON as it is; one object a line where it streams
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Remote {
    /// A client of the server that was meant.
    pub(super) fn client(&self, io: &Io<'_>) -> Result<Client, super::Failure> {
        let server = self.server.clone().or_else(|| io.env("WEIR_SERVER"));
        Client::new(server.as_deref().unwrap_or(DEFAULT_SERVER), io.env("WEIR_KEY"))
    }
}

/// A client and somewhere to print.
pub(super) struct Session<'a, 'io> {
    pub(super) client: Client,
    pub(super) out: Out<'a, 'io>,
}

/// Runs `command` against the server that `remote` names.
pub(super) fn run<'a, 'io>(
    io: &'a mut Io<'io>,
    colour: Colour,
    remote: &Remote,
    command: impl AsyncFnOnce(Session<'a, 'io>) -> Outcome,
) -> Outcome {
    let runtime = super::runtime()?;
    let client = remote.client(io)?;
    let out = Out::new(io, remote.json, colour);
    runtime.block_on(command(Session { client, out }))
}
