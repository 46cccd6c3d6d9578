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
        }
        assert!(find("sim").is_none());
    }
}
