//! Hot reload with real files, and what a change asks of a running process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use tempfile::TempDir;
use weir_config::{Invalid, Settings, WatchError, Watcher, diff, load, parse};

const PATIENCE: Duration = Duration::from_secs(20);

fn text(floor: f64) -> String {
    format!("[workloads.maths]\ncandidates = [\"sim/small\"]\nfloor = {floor}\n")
}

struct Watched {
    folder: TempDir,
    path: PathBuf,
    changes: Receiver<Result<Settings, Invalid>>,
    _watcher: Watcher,
}

impl Watched {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.toml");
        fs::write(&path, text(0.5)).unwrap();
        let settings = load(Some(&path), &|_| None).unwrap();
        let (sender, changes) = mpsc::channel();
        let watcher = Watcher::spawn(&settings, |_| None, move |change| sender.send(change).unwrap());
        Self { folder, path, changes, _watcher: watcher.unwrap() }
    }

    fn next(&self) -> Result<Settings, Invalid> {
        self.changes.recv_timeout(PATIENCE).unwrap()
    }

    /// The next floor that is read; a half-written file may be reported before it.
    fn floor(&self) -> f64 {
        loop {
            if let Ok(settings) = self.next()
                && let Some(maths) = settings.workloads.get("maths")
            {
                return maths.floor.unwrap();
            }
        }
    }
}

#[test]
fn a_file_written_in_place_is_taken() {
    let watched = Watched::start();
    fs::write(&watched.path, text(0.6)).unwrap();
    assert_eq!(watched.floor(), 0.6);
    fs::write(&watched.path, text(0.7)).unwrap();
    assert_eq!(watched.floor(), 0.7);
}

#[test]
fn a_file_replaced_by_a_rename_is_taken_every_time() {
    let watched = Watched::start();
    for floor in [0.6, 0.7, 0.8] {
        let fresh = watched.folder.path().join("weir.toml.tmp");
        fs::write(&fresh, text(floor)).unwrap();
        fs::rename(&fresh, &watched.path).unwrap();
        assert_eq!(watched.floor(), floor);
    }
}

#[test]
fn a_file_moved_away_and_written_anew_is_taken() {
    let watched = Watched::start();
    fs::rename(&watched.path, watched.folder.path().join("weir.toml~")).unwrap();
    fs::write(&watched.path, text(0.6)).unwrap();
    assert_eq!(watched.floor(), 0.6);
}

#[test]
fn a_bad_edit_is_handed_over_as_bad_and_mending_it_as_good() {
    let watched = Watched::start();
    let fresh = watched.folder.path().join("fresh");
    fs::write(&fresh, text(85.0)).unwrap();
    fs::rename(&fresh, &watched.path).unwrap();
    let invalid = watched.next().unwrap_err();
    assert_eq!((invalid.problems[0].line, invalid.problems[0].column), (3, 9));
    fs::write(&fresh, text(0.5)).unwrap();
    fs::rename(&fresh, &watched.path).unwrap();
    assert_eq!(watched.floor(), 0.5);
}

#[test]
fn a_save_without_a_change_and_other_files_say_nothing() {
    let watched = Watched::start();
    let fresh = watched.folder.path().join("fresh");
    fs::write(&fresh, text(0.5)).unwrap();
    fs::rename(&fresh, &watched.path).unwrap();
    fs::write(watched.folder.path().join("notes.txt"), "notes").unwrap();
    fs::write(&fresh, text(0.9)).unwrap();
    fs::rename(&fresh, &watched.path).unwrap();
    // The first thing ever said is of the change.
    assert_eq!(watched.next().unwrap().workloads["maths"].floor, Some(0.9));
}

#[test]
fn a_change_between_load_and_watch_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.toml");
    fs::write(&path, text(0.5)).unwrap();
    let settings = load(Some(&path), &|_| None).unwrap();
    fs::write(&path, text(0.6)).unwrap();
    let (sender, changes) = mpsc::channel();
    let _watcher = Watcher::spawn(&settings, |_| None, move |change| sender.send(change).unwrap()).unwrap();
    let changed = changes.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(changed.workloads["maths"].floor, Some(0.6));
}

#[test]
fn a_running_server_does_not_lose_its_last_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.toml");
    fs::write(&path, "[keys.dev]\nsecret = \"env:KEY\"\n").unwrap();
    let env = |name: &str| (name == "KEY").then(|| "a-secret-of-some-length".to_owned());
    let settings = load(Some(&path), &env).unwrap();
    let (sender, changes) = mpsc::channel();
    let _watcher = Watcher::spawn(&settings, env, move |change| sender.send(change).unwrap()).unwrap();
    let fresh = folder.path().join("fresh");
    fs::write(&fresh, "").unwrap();
    fs::rename(&fresh, &path).unwrap();
    let invalid = changes.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert_eq!(invalid.problems[0].message, "the last key is gone, and a running server does not open itself");
}

#[test]
fn the_built_in_defaults_cannot_be_watched() {
    let settings = load(None, &|_| None).unwrap();
    let refused = Watcher::spawn(&settings, |_| None, |_| {});
    assert!(matches!(refused, Err(WatchError::NoFile)));
}

fn read(text: &str, secret: &str) -> Settings {
    parse(text, Path::new("weir.toml"), &|name| (name == "KEY").then(|| secret.to_owned()))
        .unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[test]
fn a_diff_tells_what_a_running_process_takes_from_what_waits_for_a_restart() {
    let secret = "a-secret-of-some-length";
    let old = read(&text(0.5), secret);
    let new = read(&format!("[server]\nbind = \"127.0.0.1:9000\"\ndata_dir = \"elsewhere\"\n{}", text(0.6)), secret);
    let changed = diff(&old, &new);
    let lines = |changes: &[weir_config::Change]| -> Vec<String> { changes.iter().map(ToString::to_string).collect() };
    assert_eq!(lines(&changed.reloadable), ["workloads.maths.floor: 0.5 → 0.6"]);
    assert_eq!(
        lines(&changed.restart),
        ["server.bind: \"127.0.0.1:8080\" → \"127.0.0.1:9000\"", "server.data_dir: \"weir-data\" → \"elsewhere\"",]
    );
    assert!(diff(&old, &old).is_empty());
}

#[test]
fn a_secret_that_turned_behind_its_reference_is_a_change_without_a_value() {
    let text = "[keys.dev]\nsecret = \"env:KEY\"\n[deployments.mine]\nprovider = \"openai\"\nmodel = \"m\"\napi_key = \"env:KEY\"\n";
    let changed = diff(&read(text, "the-first-secret-value"), &read(text, "the-other-secret-value"));
    let lines: Vec<String> = changed.reloadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["deployments.mine.api_key: the secret behind \"env:KEY\"", "keys.dev.secret: the secret behind \"env:KEY\"",]
    );
}

#[test]
fn the_lookup_of_the_watcher_is_asked_on_each_reload() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.toml");
    fs::write(&path, text(0.5)).unwrap();
    let sample = Arc::new(Mutex::new("0.1".to_owned()));
    let settings = load(Some(&path), &|_| None).unwrap();
    let (sender, changes) = mpsc::channel();
    let asked = sample.clone();
    let env = move |name: &str| (name == "WEIR_WORKLOADS__MATHS__SAMPLE").then(|| asked.lock().unwrap().clone());
    let _watcher = Watcher::spawn(&settings, env, move |change| sender.send(change).unwrap()).unwrap();
    "0.2".clone_into(&mut sample.lock().unwrap());
    let fresh = folder.path().join("fresh");
    fs::write(&fresh, text(0.6)).unwrap();
    fs::rename(&fresh, &path).unwrap();
    let changed = changes.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(changed.workloads["maths"].sample, 0.2);
}
