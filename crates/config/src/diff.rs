//! What changed between two configurations, and whether a running process can take it. Sockets, folders, exporters
//! and the outbound connector are made once, at start; all else is read from the settings of the moment.

use std::{collections::BTreeMap, fmt};

use secrecy::ExposeSecret;

use crate::{place::join, settings::Settings};

/// Sections that are read once, at start.
const AT_START: [&str; 3] = ["server.", "telemetry.", "egress."];

/// One value that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The dotted key.
    pub key: String,
    /// What it was; `None` when it is new.
    pub from: Option<String>,
    /// What it is; `None` when it is gone.
    pub to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from == to => {
                write!(f, "{}: the secret behind {to}", self.key)
            }
            (Some(from), Some(to)) => write!(f, "{}: {from} → {to}", self.key),
            (None, Some(to)) => write!(f, "{}: added, {to}", self.key),
            (Some(from), None) => write!(f, "{}: removed, was {from}", self.key),
            (None, None) => write!(f, "{}", self.key),
        }
    }
}

/// Everything that changed, sorted by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// A running process takes these.
    pub reloadable: Vec<Change>,
    /// These wait for the next start.
    pub restart: Vec<Change>,
}

impl Diff {
    /// True when nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reloadable.is_empty() && self.restart.is_empty()
    }
}

/// What changed from `old` to `new`. A secret that changed behind the same reference counts, and appears as the
/// reference.
#[must_use]
pub fn diff(old: &Settings, new: &Settings) -> Diff {
    let mut keys: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for row in old.show() {
        keys.entry(&row.key).or_default().0 = Some(&row.value);
    }
    for row in new.show() {
        keys.entry(&row.key).or_default().1 = Some(&row.value);
    }
    let turned = turned_secrets(old, new);
    let mut diff = Diff::default();
    for (key, (from, to)) in keys {
        if from == to && !turned.iter().any(|turned| turned == key) {
            continue;
        }
        let change = Change { key: key.to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) };
        if AT_START.iter().any(|section| key.starts_with(section)) {
            diff.restart.push(change);
        } else {
            diff.reloadable.push(change);
        }
    }
    diff
}

fn signing(settings: &Settings) -> Option<&str> {
    settings.policy_webhook.as_ref().map(|hook| hook.secret.expose_secret())
}

fn turned_secrets(old: &Settings, new: &Settings) -> Vec<String> {
    let keys = new
        .keys
        .names()
        .filter(|name| !new.keys.same_secret(&old.keys, name))
        .map(|name| join(&join("keys", name), "secret"));
    let deployments = new.deployments.iter().filter_map(|(id, setting)| {
        let before = old.deployments.get(id)?.api_key.as_ref()?;
        let now = setting.api_key.as_ref()?;
        (!before.same(now)).then(|| join(&join("deployments", id.as_str()), "api_key"))
    });
    let webhook = (signing(old) != signing(new)).then(|| "policy.webhook.secret".to_owned());
    keys.chain(deployments).chain(webhook).collect()
}
