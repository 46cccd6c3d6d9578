//! `weir doctor`: what would keep weir from working here, from the file to the far ends. It changes nothing, spends
//! nothing, and asks a provider only for its list of models, with the key and the address policy that weir would use.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use weir_config::{DeploymentSetting, Key, Settings, load};
use weir_core::clock::SystemClock;
use weir_providers::transport::{Env, Limits, Policy, Target, Transport, TransportError, Vault};

use super::{
    client::Client,
    failure::{FINE, Failure, NEGATIVE, Outcome},
    io::Io,
    look::{Column, Look, column},
    out::{Colour, Out},
    remote::Remote,
};

/// Enough for a far provider, short enough to wait for.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(10),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
};
/// First bytes of every SQLite file.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir doctor                    exit 0 if nothing is wrong, 1 if something is
  weir doctor --json | jq .checks")]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
}

const ROW: [Column; 4] = [
    column("check", "check", Look::Word),
    column("status", "status", Look::State),
    column("detail", "detail", Look::Text),
    column("hint", "hint", Look::Text),
];

/// What was found.
struct Finding {
    check: String,
    /// `ok`, `warning` or `failed`.
    status: &'static str,
    detail: String,
    hint: &'static str,
}

impl Finding {
    fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { check: check.into(), status: "ok", detail: detail.into(), hint: "" }
    }
    fn warning(check: impl Into<String>, detail: impl Into<String>, hint: &'static str) -> Self {
        Self { status: "warning", hint, ..Self::ok(check, detail) }
    }
    fn failed(check: impl Into<String>, detail: impl Into<String>, hint: &'static str) -> Self {
        Self { status: "failed", hint, ..Self::ok(check, detail) }
    }
    fn view(&self) -> Value {
        json!({ "check": self.check, "status": self.status, "detail": self.detail, "hint": self.hint })
    }
}

pub(super) fn run(io: &mut Io<'_>, colour: Colour, args: &Args, config: Option<&Path>) -> Outcome {
    let runtime = super::runtime()?;
    let client = args.remote.client(io)?;
    let (settings, mut findings) = configuration(config, io);
    runtime.block_on(async {
        findings.push(server(&client).await);
        if let Some(settings) = &settings {
            findings.push(data_dir(&settings.server.data_dir));
            findings.extend(providers(settings).await?);
        }
        Ok::<_, Failure>(())
    })?;
    let passed = findings.iter().all(|finding| finding.status != "failed");
    let rows: Vec<Value> = findings.iter().map(Finding::view).collect();
    let mut out = Out::new(io, args.remote.json, colour);
    if out.is_json() {
        out.line(&json!({ "passed": passed, "checks": rows }).to_string())?;
    } else {
        out.rows(&rows, &ROW)?;
    }
    Ok(if passed { FINE } else { NEGATIVE })
}

/// The file, its scorers and its targets.
fn configuration(file: Option<&Path>, io: &Io<'_>) -> (Option<Settings>, Vec<Finding>) {
    let name = file.map_or_else(|| "the defaults".to_owned(), |file| file.display().to_string());
    let hint = "`weir config schema` prints every key";
    let settings = match load(file, io.env) {
        Ok(settings) => settings,
        Err(invalid) => {
            return (None, vec![Finding::failed("configuration", invalid.to_string(), hint)]);
        }
    };
    let base = file.and_then(Path::parent).unwrap_or(Path::new(""));
    if let Err(error) = crate::app::check(&settings, base) {
        return (None, vec![Finding::failed("configuration", format!("{error:#}"), hint)]);
    }
    let (deployments, workloads) = (settings.deployments.len(), settings.workloads.len());
    let mut findings =
        vec![Finding::ok("configuration", format!("{name}: {deployments} deployments, {workloads} workloads"))];
    for warning in &settings.warnings {
        findings.push(Finding::warning("configuration", warning.as_warning().to_string(), ""));
    }
    (Some(settings), findings)
}

/// Whether the folder can be written and holds a database. Read only: opening the store would migrate it.
fn data_dir(dir: &Path) -> Finding {
    let (check, shown) = ("data folder", dir.display());
    let there: PathBuf = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new(".")).to_owned();
    if let Err(error) = tempfile::tempfile_in(&there) {
        return Finding::failed(
            check,
            format!("{} cannot be written: {error}", there.display()),
            "set [server] data_dir",
        );
    }
    let database = dir.join(weir_store::FILE_NAME);
    let mut head = Vec::new();
    match std::fs::File::open(&database).and_then(|file| file.take(SQLITE.len() as u64).read_to_end(&mut head)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::ok(check, format!("{shown}: new")),
        Err(error) => {
            Finding::failed(check, format!("{}: {error}", database.display()), "weir must be able to read it")
        }
        Ok(_) if head.is_empty() || head == SQLITE => Finding::ok(check, format!("{shown}: there")),
        Ok(_) => Finding::failed(
            check,
            format!("{} is not a database", database.display()),
            "move it away, or set [server] data_dir",
        ),
    }
}

async fn server(client: &Client) -> Finding {
    let check = "server";
    match client.get("/workloads").await {
        Ok(reply) => Finding::ok(check, format!("{}: {} workloads", client.server(), reply.items().len())),
        Err(failure @ Failure::Unreachable { .. }) => {
            Finding::warning(check, failure.to_string(), "`weir serve` starts one here; `--server` names another")
        }
        Err(failure) => Finding::failed(check, format!("{}: {failure}", client.server()), "is WEIR_KEY a key of it?"),
    }
}

/// Every deployment with an address of its own, at once.
async fn providers(settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let policy = Policy { allow_private: settings.egress.allow_private, ..Policy::default() };
    let transport = Transport::new(policy).map_err(|error| Failure::transport("the network", &error))?;
    let env: Env = Arc::new(|name| std::env::var(name).ok());
    let vault = Vault::new(env, Arc::new(SystemClock::default()));
    let vault = vault.map_err(|error| Failure::transport("the network", &error))?;
    let asked = settings.deployments.values().map(|setting| provider(&transport, &vault, setting));
    Ok(futures::future::join_all(asked).await)
}

async fn provider(transport: &Transport, vault: &Vault, setting: &DeploymentSetting) -> Finding {
    let deployment = &setting.deployment;
    let check = deployment.id.to_string();
    if setting.is_built_in() {
        return Finding::ok(check, "built in");
    }
    let (root, query) = deployment.base_url.split_once('?').unwrap_or((&deployment.base_url, ""));
    let url = format!("{}/models?{query}", root.trim_end_matches('/'));
    let target = match &setting.api_key {
        Some(Key::Source(source)) => Target::fetched(deployment, vault.credential(source), setting.allow_private),
        Some(Key::Secret(key)) => Target::new(url.trim_end_matches('?'), Some(key.clone()), setting.allow_private),
        None => Target::new(url.trim_end_matches('?'), None, setting.allow_private),
    };
    let asked = match target {
        Ok(target) => transport.get(&target, LIMITS).await,
        Err(error) => Err(error),
    };
    match asked.map(|response| response.status) {
        Ok(status @ (401 | 403)) => Finding::failed(
            check,
            format!("{root} refuses the key (status {status})"),
            "mend `api_key` of the deployment",
        ),
        Ok(status @ 500..) => Finding::warning(check, format!("{root} answers {status}"), "the provider has trouble"),
        // Not every provider lists its models; that it answers is what counts.
        Ok(status) => Finding::ok(check, format!("{root} answers ({status})")),
        Err(error @ TransportError::Credential(_)) => {
            Finding::failed(check, error.to_string(), "mend what it names, or `api_key` of the deployment")
        }
        Err(error) => Finding::failed(check, format!("{root}: {error}"), "mend `base_url` of the deployment"),
    }
}
