//! Postgres, Redis and NATS on their standard loopback ports, from the system's own packages. What answers already is
//! left alone.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    paths,
    shell::{self, program},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Name, port, Debian package, how it is started in a folder of its own.
type Service = (&'static str, u16, &'static str, fn(&Path, u16) -> anyhow::Result<()>);

const SERVICES: [Service; 3] = [
    ("postgres", 5432, "postgresql", start_postgres),
    ("redis", 6379, "redis-server", start_redis),
    ("nats", 4222, "nats-server", start_nats),
];

pub(crate) fn run() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for (name, port, package, start) in SERVICES {
        if answers(port) {
            println!("{name:<9} answers on 127.0.0.1:{port}");
            continue;
        }
        let folder = paths::target()?.join("services").join(name);
        fs::create_dir_all(&folder)?;
        match start(&folder, port).and_then(|()| wait(port)) {
            Ok(()) => println!("{name:<9} started on 127.0.0.1:{port}"),
            Err(error) => {
                eprintln!("{name:<9} {error:#}; is the package `{package}` installed?");
                missing.push(name);
            }
        }
    }
    if !missing.is_empty() {
        bail!("not available: {}", missing.join(", "));
    }
    Ok(())
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

fn wait(port: u16) -> anyhow::Result<()> {
    let started = Instant::now();
    while !answers(port) {
        if started.elapsed() > PATIENCE {
            bail!("started, but port {port} does not answer");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Debian's own cluster: Postgres refuses to run as root, and the package made a user and a cluster for it.
fn start_postgres(folder: &Path, port: u16) -> anyhow::Result<()> {
    let list = shell::output(program("pg_lsclusters", &["--no-header"], folder))?;
    let cluster = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|words| words.get(2) == Some(&port.to_string().as_str()));
    let words = cluster.with_context(|| format!("no cluster is configured on port {port}"))?;
    let (Some(version), Some(name)) = (words.first(), words.get(1)) else {
        bail!("pg_lsclusters printed `{list}`");
    };
    shell::run(program("pg_ctlcluster", &[version, name, "start"], folder))
}

fn start_redis(folder: &Path, port: u16) -> anyhow::Result<()> {
    let port = port.to_string();
    let args = ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"];
    spawn("redis-server", &args, folder)
}

fn start_nats(folder: &Path, port: u16) -> anyhow::Result<()> {
    let port = port.to_string();
    let args = ["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir", "."];
    spawn("nats-server", &args, folder)
}

/// In the background, in a process group of its own so that it outlives this one, with its output in a file.
fn spawn(name: &str, args: &[&str], folder: &Path) -> anyhow::Result<()> {
    let log = File::create(folder.join("log"))?;
    Command::new(name)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("`{name}` cannot be started"))?;
    Ok(())
}
