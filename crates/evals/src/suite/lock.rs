//! `support.lock` beside `support.toml`: which content of the dataset the suite was last run on. A run that finds other
//! content says so instead of comparing what cannot be compared.

use serde::{Deserialize, Serialize};

/// A dataset as a suite names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetRef {
    /// A file beside the suite.
    File(String),
    /// A registered dataset; without a version the newest, or the locked one.
    Named {
        /// Its name.
        name: String,
        /// Its content hash, or the beginning of it.
        version: Option<String>,
    },
}

impl DatasetRef {
    /// Reads `support-hard`, `support-hard@latest`, `support-hard@3f0c…` or a path with an ending or a separator.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let named = !text.contains(['/', '\\']);
        match text.split_once('@') {
            Some((name, version)) if named => {
                Self::Named { name: name.to_owned(), version: (version != "latest").then(|| version.to_owned()) }
            }
            None if named && !text.contains('.') => Self::Named { name: text.to_owned(), version: None },
            _ => Self::File(text.to_owned()),
        }
    }
}

/// What a lock file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The dataset's name.
    pub dataset: String,
    /// Its content hash.
    pub version: String,
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// When it is not one; the message names line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "# Written by `weir eval run`: the content that this suite is held to. `--update-lock` renews it.\n\
             dataset = {:?}\nversion = {:?}\n",
            self.dataset, self.version
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_version_and_a_file_are_told_apart() {
        let named = |name: &str, version: Option<&str>| DatasetRef::Named {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        };
        assert_eq!(DatasetRef::parse("support-hard"), named("support-hard", None));
        assert_eq!(DatasetRef::parse("support-hard@latest"), named("support-hard", None));
        assert_eq!(DatasetRef::parse("support-hard@3f0c"), named("support-hard", Some("3f0c")));
        assert_eq!(DatasetRef::parse("faq.csv"), DatasetRef::File("faq.csv".to_owned()));
        assert_eq!(DatasetRef::parse("../data/faq@2"), DatasetRef::File("../data/faq@2".to_owned()));
    }

    #[test]
    fn a_lock_survives_its_text_and_a_stranger_is_refused() {
        let lock = Lock { dataset: "support \"hard\"".to_owned(), version: "3f0c".to_owned() };
        assert_eq!(Lock::parse(&lock.text()), Ok(lock));
        assert!(Lock::parse("dataset = 'a'\nversion = 'b'\nmore = 1").unwrap_err().contains("more"));
    }
}
