//! Where evals run: on the server that was named or that answers, and where none does, in this process on the store
//! itself, with the same configuration and the same code behind a port of its own.

use std::path::{Path, PathBuf};

use weir_config::load;

use crate::{
    app::{App, Options},
    command::{
        client::{Client, DEFAULT_SERVER},
        failure::Failure,
        io::Io,
        remote::Remote,
    },
};

/// A client of the weir to use, and that weir when it is this process.
pub(super) async fn reach(
    io: &mut Io<'_>,
    remote: &Remote,
    config: Option<&Path>,
) -> Result<(Client, Option<App>), Failure> {
    let client = remote.client(io)?;
    if remote.server.is_some() || io.env("WEIR_SERVER").is_some() {
        return Ok((client, None));
    }
    match client.get("/runs?limit=1").await {
        Err(Failure::Unreachable { .. }) => {}
        // What else is wrong is told by the command itself.
        _ => return Ok((client, None)),
    }
    let env = |name: &str| (io.env)(name);
    let mut settings = load(config, &env)?;
    settings.server.bind = "127.0.0.1:0".parse().map_err(anyhow::Error::from)?;
    let data_dir = settings.server.data_dir.display().to_string();
    let base = config.and_then(Path::parent).map(PathBuf::from).unwrap_or_default();
    let app = App::start(settings, Options { base, ..Options::default() }).await?;
    writeln!(io.err, "no weir answers at {DEFAULT_SERVER}: this runs on the store in {data_dir} directly")?;
    let key = io.env("WEIR_KEY");
    Ok((Client::new(&app.url(), key)?, Some(app)))
}
