//! A real weir process: built, started on a free port with a folder of its own, asked, stopped.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{paths, shell};

/// The key of a weir that is started with a file: such a file names it as `env:WEIR_KEY`.
pub(crate) const KEY: &str = "xtask-0123456789abcdef0123456789abcdef";

const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(40);

/// How the binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As `cargo run` does.
    Dev,
    /// As it is deployed.
    Release,
}

/// Builds the binary and says where it is. Of the workspace, as tests are built: another choice of packages is another
/// choice of features, with which half of the dependencies would be built once more.
pub(crate) fn build(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut args = vec!["build", "--quiet", "--locked", "--workspace", "--bin", "weir"];
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            args.push("--release");
            "release"
        }
    };
    shell::run(shell::cargo(&args))?;
    Ok(paths::target()?.join(folder).join("weir"))
}

/// The runtime of a command.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A running weir; killed when dropped.
pub(crate) struct Weir {
    child: Child,
    url: String,
    folder: TempDir,
    client: reqwest::Client,
}

impl Weir {
    /// Starts it in a new folder, with this file or with what it does without one, and waits for its address.
    pub(crate) async fn start(binary: &Path, config: Option<&str>) -> anyhow::Result<Self> {
        Self::start_in(tempfile::Builder::new().prefix("weir-xtask-").tempdir()?, binary, config).await
    }

    /// Kills it at once, as `kill -9` does, and starts it again on what it has left.
    pub(crate) async fn kill_and_start(mut self, binary: &Path, config: &str) -> anyhow::Result<Self> {
        self.child.kill().await?;
        Self::start_in(self.folder, binary, Some(config)).await
    }

    async fn start_in(folder: TempDir, binary: &Path, config: Option<&str>) -> anyhow::Result<Self> {
        let log = folder.path().join("log");
        let mut command = Command::new(binary);
        command
            .current_dir(folder.path())
            .env("WEIR_KEY", KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true);
        // Without a file the environment says it; with one, the file does.
        match config {
            Some(text) => {
                fs::write(folder.path().join("weir.toml"), text)?;
            }
            None => {
                command.env("WEIR_SERVER__BIND", "127.0.0.1:0");
            }
        }
        let mut child = command.spawn().with_context(|| binary.display().to_string())?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = timeout(START, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                    return Ok(url.trim_end_matches('/').to_owned());
                }
            }
            bail!("weir did not start:\n{}", fs::read_to_string(&log).unwrap_or_default())
        });
        let url = url.await.context("weir did not say where it is in time")??;
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, folder, client: reqwest::Client::builder().no_proxy().build()? })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("weir has ended")
    }
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A JSON answer of the control plane.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(KEY);
        read(request.send().await?, path).await
    }
    /// A JSON answer to a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(KEY);
        read(request.json(body).send().await?, path).await
    }

    /// Asks it to drain and waits; returns its folder, which lasts as long as the value.
    pub(crate) async fn stop(mut self) -> anyhow::Result<TempDir> {
        let pid = self.pid()?.to_string();
        shell::quiet("kill", &["-TERM", &pid])?;
        let status = timeout(STOP, self.child.wait()).await.context("weir does not stop")??;
        if !status.success() {
            bail!("weir ended with {status}:\n{}", self.log());
        }
        Ok(self.folder)
    }
}

async fn read(response: reqwest::Response, path: &str) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{path} answered {status}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
}
