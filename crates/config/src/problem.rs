//! What is wrong with a configuration, and where. All problems are collected before any is reported: a person mends a
//! file once, not once per error.

use std::fmt;

use weir_core::{error::BAD_CONFIG, expr::ExprError};

use crate::place::{Origin, Places};

/// One thing that is wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file as it was named, or `env NAME` when an environment variable holds the value; `defaults` when neither
    /// does.
    pub file: String,
    /// 1 and up; 0 when the value is in no file.
    pub line: usize,
    /// In characters, 1 and up; 0 when the value is in no file.
    pub column: usize,
    /// The dotted key, parts with unusual characters quoted; empty for the whole file.
    pub key: String,
    /// What was found and what is wanted; never a secret.
    pub message: String,
    /// The next step, where there is one.
    pub hint: Option<String>,
}

impl ConfigProblem {
    fn write(&self, f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
        write!(f, "{word}[{}]: {}\n  in {}", BAD_CONFIG.code, self.message, self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }

    /// The same block with `warning` at its head.
    #[must_use]
    pub fn as_warning(&self) -> impl fmt::Display {
        fmt::from_fn(|f| self.write(f, "warning"))
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "error")
    }
}

/// Everything that is wrong with one configuration, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// All of it.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, problem) in self.problems.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Collects problems while a configuration is read.
#[derive(Debug)]
pub(crate) struct Report {
    /// Where each key is.
    pub(crate) places: Places,
    problems: Vec<ConfigProblem>,
    warnings: Vec<ConfigProblem>,
}

impl Report {
    pub(crate) fn new(places: Places) -> Self {
        Self { places, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Reports the value at `key`. A second problem of the same key, or of a key around one that is wrong already, is
    /// a consequence of the first and is left out.
    pub(crate) fn error(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        if !self.knows(key) {
            let problem = at(&self.places, self.places.value(key), key, message, hint);
            self.problems.push(problem);
        }
    }

    /// Reports a place inside the text at `key`. A quoted text of one line begins one column after its quote; a text of
    /// several lines begins on the next line.
    pub(crate) fn error_inside(&mut self, key: &str, error: ExprError, lines: usize) {
        if self.knows(key) {
            return;
        }
        let mut problem = at(&self.places, self.places.value(key), key, error.message, error.hint);
        if problem.line > 0 && lines == 1 {
            problem.column += error.column;
        } else if problem.line > 0 {
            problem.line += error.line;
            problem.column = error.column;
        }
        self.problems.push(problem);
    }

    /// Reports the name at the end of `key` rather than its value.
    pub(crate) fn error_in_name(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        if !self.knows(key) {
            let problem = at(&self.places, self.places.name(key), key, message, hint);
            self.problems.push(problem);
        }
    }

    /// Reports a place in the file that belongs to no key.
    pub(crate) fn error_at(&mut self, origin: &Origin, message: impl Into<String>) {
        self.problems.push(at(&self.places, origin, "", message, None));
    }

    /// Notes something that works but should not stay.
    pub(crate) fn warn(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        let problem = at(&self.places, self.places.value(key), key, message, hint);
        self.warnings.push(problem);
    }

    /// True when something is wrong at or below `key`.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| {
            problem
                .key
                .strip_prefix(key)
                .is_some_and(|rest| !key.is_empty() && (rest.is_empty() || rest.starts_with(['.', '['])))
        })
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn into_invalid(mut self) -> Invalid {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        Invalid { problems: self.problems }
    }

    pub(crate) fn into_parts(self) -> (Places, Vec<ConfigProblem>) {
        (self.places, self.warnings)
    }
}

/// A problem of the value at `origin`.
pub(crate) fn at(
    places: &Places,
    origin: &Origin,
    key: &str,
    message: impl Into<String>,
    hint: Option<String>,
) -> ConfigProblem {
    let (file, line, column) = match origin {
        Origin::Default => (places.file().unwrap_or("defaults").to_owned(), 0, 0),
        Origin::File { file, line, column } => (file.to_string(), *line, *column),
        Origin::Env { name } => (format!("env {name}"), 0, 0),
    };
    ConfigProblem { file, line, column, key: key.to_owned(), message: message.into(), hint }
}
