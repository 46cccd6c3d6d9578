//! The project as files, and what in a Rust file is code that ships.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Folders that hold nothing written by us.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "weir-data"];

/// A text file and its path from the root, with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Compiled only for tests.
    pub(crate) test_only: bool,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(read_all);

/// Every text file of the project.
pub(crate) fn files() -> &'static [File] {
    &FILES
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), test_only: false }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate's folder name for files of `crates/*`.
    pub(crate) fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Part of what a crate compiles to outside tests, examples and benchmarks.
    pub(crate) fn ships(&self) -> bool {
        self.is_rust() && !self.test_only && self.krate().is_some() && self.path.contains("/src/")
    }

    /// Lines that are code: not blank, not a comment, before the file's unit tests. Numbered from 1.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut lines = self.text.lines().zip(1..).peekable();
        let mut in_comment = false;
        while let Some((line, number)) = lines.next() {
            let bare = line.trim();
            let next = lines.peek().map_or("", |(next, _)| next.trim());
            if bare == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{') {
                break;
            }
            in_comment |= bare.starts_with("/*");
            if !in_comment && !bare.is_empty() && !bare.starts_with("//") {
                code.push((number, without_tail_comment(line)));
            }
            in_comment &= !bare.ends_with("*/");
        }
        code
    }

    /// Code lines that hold any of these, told as offences.
    pub(crate) fn naming(&self, needles: &[&str], why: &str) -> Vec<String> {
        let code = self.code().into_iter();
        let hits = code.filter(|(_, line)| needles.iter().any(|needle| holds_word(line, needle)));
        hits.map(|(number, line)| format!("{}:{number}: {why}: {}", self.path, line.trim())).collect()
    }
}

/// True when `needle` occurs and does not only end a longer name.
fn holds_word(line: &str, needle: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(needle).any(|(at, _)| !needle.starts_with(is_name) || !line[..at].ends_with(is_name))
}

fn without_tail_comment(line: &str) -> &str {
    // A `//` after an even number of quotes is outside of strings.
    line.match_indices(" //")
        .find(|(at, _)| line[..*at].matches('"').count().is_multiple_of(2))
        .map_or(line, |(at, _)| &line[..at])
}

fn read_all() -> Vec<File> {
    let mut files = Vec::new();
    walk(&root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    mark_tests(&mut files);
    files
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path())
            && name != ".git"
        {
            files.push(File { path, text, test_only: false });
        }
    }
}

/// Marks modules that are declared under `#[cfg(test)]`, and everything below them.
fn mark_tests(files: &mut [File]) {
    let mut modules = HashSet::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let home = match name {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => file.path.trim_end_matches(".rs").to_owned(),
        };
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            if let Some(module) = pair[1].strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                modules.insert(format!("{home}/{module}"));
            }
        }
    }
    for file in files {
        let bare = file.path.trim_end_matches(".rs");
        file.test_only = modules.iter().any(|module| bare == module || bare.starts_with(&format!("{module}/")));
    }
}

#[test]
fn code_ends_where_unit_tests_begin_and_leaves_comments_out() {
    let text = "//! head\n\nuse a; // why\n/* long\n   comment */\nlet url = \"http://x\";\n#[cfg(test)]\nmod tests {\n    b();\n}\n";
    let file = File::new("crates/x/src/lib.rs", text);
    assert_eq!(file.code(), [(3, "use a;"), (6, "let url = \"http://x\";")]);
}

#[test]
fn modules_for_tests_are_known_by_their_declaration() {
    let mut files = [
        File::new("crates/x/src/a.rs", "#[cfg(test)]\nmod tests;\nmod real;\n"),
        File::new("crates/x/src/a/tests.rs", ""),
        File::new("crates/x/src/a/tests/more.rs", ""),
        File::new("crates/x/src/a/real.rs", ""),
    ];
    mark_tests(&mut files);
    assert_eq!(files.map(|file| file.test_only), [false, true, true, false]);
}
