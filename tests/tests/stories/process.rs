//! weir as a process of its own, to be killed and to be reloaded.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use crate::rig::{Caller, DEADLINE, eventually};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_weir-under-test");

/// A serving process. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) caller: Caller,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Serves the `weir.toml` in `dir`; returns once it says where.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    /// Takes over from the one that serves the same folder; returns once it serves.
    pub(crate) fn take_over(dir: &Path) -> Self {
        Self::spawn(dir, &["serve", "--takeover"], &[])
    }

    /// The same with more in its environment.
    pub(crate) fn start_with(dir: &Path, env: &[(&str, &str)]) -> Self {
        Self::spawn(dir, &[], env)
    }

    /// May have so many files and sockets open and no more.
    pub(crate) fn start_with_files(dir: &Path, files: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), BINARY]);
        Self::run(shell, dir, &[], &[])
    }

    fn spawn(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::run(Command::new(BINARY), dir, args, env)
    }

    fn run(mut command: Command, dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = command
            .arg("--config")
            .arg(dir.join("weir.toml"))
            .args(args)
            .envs(env.iter().copied())
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, heard) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                drop(said.send(line));
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let (err, keep) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let mut log = keep.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let line = heard.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no address: {}", log.lock().unwrap()));
        let base = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, caller: Caller::new(base), log }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it ends by itself; true when it ended well.
    pub(crate) async fn ended(&mut self) -> bool {
        eventually("the process ends", async || self.child.try_wait().unwrap()).await.success()
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already dead after `kill`.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
