//! Where each value came from. Keys are written dotted, as TOML would: parts with unusual characters are quoted
//! (`deployments."openai/gpt-4.1".model`), list entries are numbered (`candidates[1]`).

use std::{collections::HashMap, fmt, sync::Arc};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File {
        /// As it was named.
        file: Arc<str>,
        /// 1 and up.
        line: usize,
        /// In characters, 1 and up.
        column: usize,
    },
    /// An environment variable.
    Env {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Env { name } => write!(f, "env {name}"),
        }
    }
}

#[derive(Debug, Clone)]
struct Place {
    name: Origin,
    value: Origin,
}

/// The origin of every key that somebody set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    file: Option<Arc<str>>,
    known: HashMap<String, Place>,
}

impl Places {
    /// Nothing known yet of the file of this name.
    pub(crate) fn of_file(file: Option<Arc<str>>) -> Self {
        Self { file, known: HashMap::new() }
    }

    pub(crate) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    pub(crate) fn put(&mut self, key: String, name: Origin, value: Origin) {
        self.known.insert(key, Place { name, value });
    }

    /// Exactly this key, where it was set.
    pub(crate) fn exact(&self, key: &str) -> Option<&Origin> {
        self.known.get(key).map(|place| &place.value)
    }

    /// The value at `key`, or of the nearest key around it.
    pub(crate) fn value(&self, key: &str) -> &Origin {
        self.nearest(key).map_or(&Origin::Default, |place| &place.value)
    }

    /// The name at `key`, or of the nearest key around it.
    pub(crate) fn name(&self, key: &str) -> &Origin {
        self.nearest(key).map_or(&Origin::Default, |place| &place.name)
    }

    fn nearest(&self, key: &str) -> Option<&Place> {
        let mut key = key;
        loop {
            if let Some(place) = self.known.get(key) {
                return Some(place);
            }
            key = around(key)?;
        }
    }
}

/// `key` with `part` below it.
pub(crate) fn join(key: &str, part: &str) -> String {
    let bare = !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let dot = if key.is_empty() { "" } else { "." };
    if bare { format!("{key}{dot}{part}") } else { format!("{key}{dot}{part:?}") }
}

/// The key around `key`; `None` at the top.
fn around(key: &str) -> Option<&str> {
    let (mut quoted, mut escaped, mut cut) = (false, false, None);
    for (at, c) in key.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' | '[' if !quoted => cut = Some(at),
            _ => {}
        }
    }
    key.get(..cut?)
}

/// Byte offsets of a text to lines and columns.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    file: Arc<str>,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str, file: Arc<str>) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, file, starts }
    }

    pub(crate) fn origin(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(offset - start, |before| before.chars().count());
        Origin::File { file: self.file.clone(), line, column: column + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_part_with_dots_is_one_part() {
        let key = join(&join("deployments", "openai/gpt-4.1"), "model");
        assert_eq!(key, r#"deployments."openai/gpt-4.1".model"#);
        assert_eq!(around(&key), Some(r#"deployments."openai/gpt-4.1""#));
        assert_eq!(around("a.b[3]"), Some("a.b"));
        assert_eq!(around("a"), None);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let lines = Lines::new("a\nèé = 1\n", "f".into());
        let offset = "a\nèé ".len();
        assert_eq!(lines.origin(offset).to_string(), "f:2:4");
        assert_eq!(lines.origin(0).to_string(), "f:1:1");
    }
}
