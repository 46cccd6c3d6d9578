//! `weir.toml` and the environment to validated [`Settings`].
//!
//! One road: text → plain tree with the place of every key ([`source`]) → built-in entries ([`builtin`]) →
//! environment over it ([`overlay`]) → schema ([`check`]) → typed file ([`file`]) → what no schema can say
//! ([`validate`]) → [`Settings`]. Problems are collected along the whole of it and reported together, each with
//! file, line, column and the nearest valid name.
//!
//! This crate never reads the environment itself: the lookup is passed in, so that tests need no global state.

use std::{fs, path::Path, sync::Arc, sync::LazyLock};

use serde_json::{Map, Value};

mod builtin;
mod callers;
mod canary;
mod check;
mod credential;
mod diff;
mod duration;
mod endpoint;
mod feedback;
mod file;
mod hook;
mod keyring;
mod names;
mod nearest;
mod origin;
mod overlay;
mod place;
mod policy;
mod preset;
mod problem;
mod rules;
mod secret;
mod settings;
mod source;
mod traffic;
mod validate;
mod watch;

pub use credential::Key;
pub use diff::{Change, Diff, diff};
pub use feedback::{FeedbackError, FeedbackKey};
pub use hook::PolicyWebhook;
pub use keyring::{AuthError, Caller, Keyring};
pub use nearest::nearest;
pub use origin::Row;
pub use place::Origin;
pub use preset::{Provider, providers};
pub use problem::{ConfigProblem, Invalid};
pub use secrecy::{ExposeSecret, SecretString};
pub use settings::{
    BUILT_IN_URL, Dataset, DeploymentSetting, Egress, Gate, Probes, Server, Settings, Shadow, Suite, Telemetry,
};
pub use watch::{WatchError, Watcher};

use place::{Lines, Places};
use problem::Report;
use settings::Source;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(file::File).to_value());

/// The JSON schema of `weir.toml`.
#[must_use]
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// Reads the file at `path` (the built-in defaults when there is none), lays the environment over it and validates
/// all of it. Relative paths in it start from its folder. Blocks on small files.
///
/// # Errors
/// When anything is wrong: all that is, not only the first.
pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Invalid> {
    let Some(path) = path else {
        return build(None, env);
    };
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path, env),
        Err(error) => Err(Invalid {
            problems: vec![ConfigProblem {
                file: path.display().to_string(),
                line: 0,
                column: 0,
                key: String::new(),
                message: format!("the file cannot be read: {error}"),
                hint: None,
            }],
        }),
    }
}

/// The same for text that was read from `path` already.
///
/// # Errors
/// When anything is wrong: all that is, not only the first.
pub fn parse(text: &str, path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Invalid> {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    build(Some(source), env)
}

fn build(source: Option<Source>, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Invalid> {
    let name: Option<Arc<str>> = source.as_ref().map(|source| source.path.display().to_string().into());
    let mut report = Report::new(Places::of_file(name.clone()));
    let mut tree = match (&source, name) {
        (Some(source), Some(name)) => {
            let text = source.text.as_str();
            let tree = source::read(text, &Lines::new(text, name), &mut report);
            if !report.is_clean() {
                return Err(report.into_invalid());
            }
            tree
        }
        _ => Value::Object(Map::new()),
    };
    builtin::complete(&mut tree, &report.places);
    overlay::overlay(&SCHEMA, &mut tree, env, &mut report);
    check::check(&SCHEMA, &mut tree, &mut report);
    let file = match serde_json::from_value(tree) {
        Ok(file) => file,
        Err(error) => {
            report.error("", format!("the file cannot be understood: {error}"), None);
            return Err(report.into_invalid());
        }
    };
    let base = source.as_ref().and_then(|source| source.path.parent()).unwrap_or(Path::new("")).to_owned();
    let context = validate::Context { base: &base, env };
    validate::settings(file, &context, report, source)
}
