//! What is known of providers by their names, so that a deployment of one needs only a model and a key.

use std::sync::LazyLock;

use serde::Deserialize;
use weir_core::deployment::Dialect;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the embedded file; should it ever not parse, every deployment must say its address.
    toml::from_str(include_str!("../presets.toml")).unwrap_or_default()
});

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "preset")]
    rows: Vec<Preset>,
}

/// One provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    /// `provider` of a deployment.
    pub(crate) provider: String,
    /// Root of its API.
    pub(crate) base_url: String,
    /// What it speaks.
    #[serde(default)]
    pub(crate) dialect: Dialect,
    /// Runs on one's own machines.
    #[serde(default)]
    pub(crate) local: bool,
    /// The environment variable that usually holds a key of it.
    #[serde(default)]
    key: Option<String>,
}

/// A provider that weir knows by name: a deployment of it needs a model, and a key unless it is local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// `provider` of a deployment.
    pub name: &'static str,
    /// The environment variable that usually holds its key; `None` where there is no usual one.
    pub key: Option<&'static str>,
    /// Runs on one's own machines.
    pub local: bool,
}

/// Every provider that is known by name, in the order of the table.
pub fn providers() -> impl Iterator<Item = Provider> {
    TABLE.rows.iter().map(|row| Provider { name: &row.provider, key: row.key.as_deref(), local: row.local })
}

/// Those of the usual variables that the environment has; never what is in them.
pub(crate) fn found(env: &dyn Fn(&str) -> Option<String>) -> Vec<&'static str> {
    let keys = providers().filter_map(|provider| provider.key);
    keys.filter(|key| env(key).is_some_and(|value| !value.trim().is_empty())).collect()
}

/// The row of this name.
pub(crate) fn find(provider: &str) -> Option<&'static Preset> {
    TABLE.rows.iter().find(|row| row.provider == provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_root_of_its_own_and_only_local_ones_are_unencrypted() {
        assert!(TABLE.rows.len() >= 25, "the embedded table does not parse");
        for (index, row) in TABLE.rows.iter().enumerate() {
            let url = url::Url::parse(&row.base_url).unwrap();
            assert_eq!(url.scheme(), if row.local { "http" } else { "https" }, "{row:?}");
            assert!(url.query().is_none() && !row.base_url.ends_with('/'), "{row:?}");
            let twin = |other: &Preset| other.provider == row.provider || other.base_url == row.base_url;
            assert!(!TABLE.rows.iter().skip(index + 1).any(twin), "{row:?}");
            let is_variable =
                |key: &str| key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            assert!(row.key.as_deref().is_none_or(|key| !row.local && is_variable(key)), "{row:?}");
        }
        assert!(find("sim").is_none());
    }

    #[test]
    fn only_keys_that_are_there_are_found_and_only_by_name() {
        let env = |name: &str| match name {
            "GROQ_API_KEY" => Some("gsk-secret-0123456789".to_owned()),
            "MISTRAL_API_KEY" => Some(" ".to_owned()),
            _ => None,
        };
        assert_eq!(found(&env), ["GROQ_API_KEY"]);
    }
}
