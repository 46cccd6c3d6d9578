//! Commands that need no server: on the one that was named, that answers, or that holds the data of this configuration;
//! and where none does, in this process on the store itself, with the same configuration and the same code behind a port
//! of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use weir_config::load;

use super::{
    client::{Client, DEFAULT_SERVER},
    failure::{Failure, Outcome},
    io::Io,
    out::{Colour, Out},
    remote::{Remote, Session},
};
use crate::app::{App, Inherited, Options, loopback};

/// What this process does when it is the weir that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Everything that a serving weir does.
    All,
    /// It answers; nothing is scored, probed or planned.
    Answers,
}

/// A client of the weir to use, and that weir when it is this process.
pub(super) async fn reach(
    io: &mut Io<'_>,
    remote: &Remote,
    config: Option<&Path>,
    work: Work,
) -> Result<(Client, Option<App>), Failure> {
    if remote.server.is_some() || io.env("WEIR_SERVER").is_some() {
        return Ok((remote.client(io)?, None));
    }
    let env = |name: &str| (io.env)(name);
    let loaded = load(config, &env);
    let key = io.env("WEIR_KEY");
    if let Ok(settings) = &loaded {
        let held = settings.server.data_dir.clone();
        let holder = tokio::task::spawn_blocking(move || Inherited::address(&held)).await;
        if let Some(address) = holder.map_err(anyhow::Error::from)?? {
            return Ok((Client::new(&url(address), key)?, None));
        }
    }
    let bound = loaded.as_ref().ok().map(|settings| settings.server.bind).filter(|bind| bind.port() != 0);
    let client = Client::new(&bound.map_or_else(|| DEFAULT_SERVER.to_owned(), url), key.clone())?;
    let unreachable = match client.get("/runs?limit=1").await {
        Err(failure @ Failure::Unreachable { .. }) => failure,
        // What else is wrong is told by the command itself.
        _ => return Ok((client, None)),
    };
    let mut settings = loaded?;
    let dir = &settings.server.data_dir;
    // Where there is neither a configuration nor data, nobody meant to begin any.
    if work == Work::Answers && config.is_none() && !dir.join(weir_store::FILE_NAME).exists() {
        return Err(unreachable);
    }
    let said = format!("no weir answers at {}: this runs on the store in {} directly", client.server(), dir.display());
    settings.server.bind = "127.0.0.1:0".parse().map_err(anyhow::Error::from)?;
    let base = config.and_then(Path::parent).map(PathBuf::from).unwrap_or_default();
    let app = App::start(settings, Options { base, bare: work == Work::Answers, ..Options::default() }).await?;
    writeln!(io.err, "{said}")?;
    Ok((Client::new(&app.url(), key)?, Some(app)))
}

fn url(address: SocketAddr) -> String {
    format!("http://{}", loopback(address))
}

/// Runs `command` against a server, or on the store itself where there is none.
pub(super) fn run<'a, 'io>(
    io: &'a mut Io<'io>,
    colour: Colour,
    remote: &Remote,
    config: Option<&Path>,
    command: impl AsyncFnOnce(Session<'a, 'io>) -> Outcome,
) -> Outcome {
    let runtime = runtime()?;
    runtime.block_on(async {
        let (client, app) = reach(io, remote, config, Work::Answers).await?;
        let out = Out::new(io, remote.json, colour);
        let outcome = command(Session { client, out }).await;
        if let Some(app) = app {
            app.stop().await;
        }
        outcome
    })
}

/// A runtime on which a whole weir can run beside the command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    crate::app::install_crypto();
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
