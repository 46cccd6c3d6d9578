//! Hot reload. The folder is watched, not the file: editors and deployment tools replace files by renaming a new one
//! over them, and a watch on the old inode would then see nothing more. What counts is the text: events only say when
//! to look. A text that is not valid is handed over as such, and the caller keeps what it has.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use crate::{Invalid, Settings, load, parse, settings::Source};

/// A save is a burst of events; the file is read when they pause for this long.
const QUIET: Duration = Duration::from_millis(50);

/// Events folded into one look at most, so that a busy folder cannot put it off for good.
const MOST_EVENTS: usize = 64;

/// Watches a configuration file for as long as it lives.
#[derive(Debug)]
pub struct Watcher {
    // Dropping it closes the channel, which ends the thread.
    _events: RecommendedWatcher,
}

/// Why a file cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The settings are the built-in defaults.
    #[error("the configuration came from no file, so there is nothing to watch")]
    NoFile,
    /// The system refused.
    #[error("the folder of the configuration cannot be watched: {0}")]
    Notify(#[from] notify::Error),
    /// The thread could not be started.
    #[error("the watching thread cannot be started: {0}")]
    Thread(#[from] io::Error),
}

impl Watcher {
    /// Watches the file that `settings` came from. From its own thread `on_change` gets every text that differs from
    /// the one before it (the first: from that of `settings`), validated with `env`; a change between the load and
    /// this call is not missed. Files that the configuration refers to, secrets included, are not watched: they are
    /// read again when the configuration itself changes. After a drop at most one call already under way ends.
    ///
    /// # Errors
    /// When there is no file, or the system cannot watch its folder.
    pub fn spawn<E, F>(settings: &Settings, env: E, on_change: F) -> Result<Self, WatchError>
    where
        E: Fn(&str) -> Option<String> + Send + 'static,
        F: Fn(Result<Settings, Invalid>) + Send + 'static,
    {
        let source = settings.source.clone().ok_or(WatchError::NoFile)?;
        let closed = !settings.keys.is_open();
        let (sender, receiver) = mpsc::channel();
        let mut events = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !is_reading(event.kind)) {
                // The receiver is gone only when the thread has ended; nobody is left to tell.
                let _ = sender.send(());
            }
        })?;
        for folder in folders(&source.path) {
            events.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        thread::Builder::new()
            .name("weir-config".into())
            .spawn(move || run(&receiver, source, closed, &env, &on_change))?;
        Ok(Self { _events: events })
    }
}

fn run(
    events: &Receiver<()>,
    source: Source,
    closed: bool,
    env: &dyn Fn(&str) -> Option<String>,
    on_change: &dyn Fn(Result<Settings, Invalid>),
) {
    let path = source.path;
    let mut seen = Some(source.text);
    loop {
        match fs::read_to_string(&path) {
            Ok(text) if seen.as_ref() == Some(&text) => {}
            Ok(text) => {
                on_change(parse(&text, &path, env).and_then(|new| stay_closed(new, closed)));
                seen = Some(text);
            }
            // Reported once; `load` words the reason.
            Err(_) if seen.is_none() => {}
            Err(_) => {
                on_change(load(Some(&path), env));
                seen = None;
            }
        }
        if events.recv().is_err() {
            return;
        }
        for _ in 0..MOST_EVENTS {
            match events.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// A running server keeps the address it was given, so it must not lose its last key: a file caught half-written, or
/// emptied by a slip, would open it to everybody.
fn stay_closed(new: Settings, closed: bool) -> Result<Settings, Invalid> {
    if !closed || !new.keys.is_open() {
        return Ok(new);
    }
    let problem = new.problem(
        "keys",
        "the last key is gone, and a running server does not open itself",
        Some("restart it to run without keys on loopback".into()),
    );
    Err(Invalid { problems: vec![problem] })
}

/// Opening and closing without a write: our own look at the file is one, and must not cause the next.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// The folder of the path, and the folder of the file itself when the path is a link to elsewhere.
fn folders(path: &Path) -> Vec<PathBuf> {
    let named = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let real = fs::canonicalize(path)
        .ok()
        .and_then(|file| file.parent().map(Path::to_owned))
        .filter(|real| fs::canonicalize(&named).is_ok_and(|named| named != *real));
    std::iter::once(named).chain(real).collect()
}
