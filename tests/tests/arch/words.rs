//! What no file may say: that it is unfinished, that a lint is to look away, where it was written.

use crate::{
    allows, hold, refuses,
    repo::{File, files},
};

// Put together from halves: this file is read like any other.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
const SILENCED: [&str; 2] = [concat!("#[al", "low("), concat!("#![al", "low(")];
const MACHINE: [&str; 3] = [concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/ho", "me/")];

/// Written by tools, not by us.
const GENERATED: [&str; 3] = ["Cargo.lock", "web/package-lock.json", "web/dist/"];

fn saying(files: &[File], needles: &[&str], why: &str, ends: fn(&str) -> bool) -> Vec<String> {
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| !GENERATED.iter().any(|path| file.path.starts_with(path))) {
        for (line, number) in file.text.lines().zip(1..) {
            let said = needles.iter().any(|needle| {
                line.match_indices(needle).any(|(at, _)| is_apart(&line[..at]) && ends(&line[at + needle.len()..]))
            });
            if said {
                offences.push(format!("{}:{number}: {why}: {}", file.path, line.trim()));
            }
        }
    }
    offences
}

/// Not the end of a longer word or path.
fn is_apart(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "_./}".contains(c))
}

/// Not the beginning of a longer word.
fn ends_word(after: &str) -> bool {
    !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
}

fn unfinished(files: &[File]) -> Vec<String> {
    let words = saying(files, &UNFINISHED[..2], "unfinished", ends_word);
    words.into_iter().chain(saying(files, &UNFINISHED[2..], "unfinished", |_| true)).collect()
}

fn silenced(files: &[File]) -> Vec<String> {
    let rust: Vec<File> =
        files.iter().filter(|file| file.is_rust()).map(|file| File::new(&file.path, &file.text)).collect();
    saying(&rust, &SILENCED, "a lint is silenced without a reason that is checked", |_| true)
}

fn machine(files: &[File]) -> Vec<String> {
    let folders = saying(files, &MACHINE[..2], "a path of one machine", ends_word);
    folders.into_iter().chain(saying(files, &MACHINE[2..], "a path of one machine", |_| true)).collect()
}

#[test]
fn nothing_is_left_unfinished() {
    hold(&unfinished(files()));
    refuses(unfinished, "crates/x/src/lib.rs", concat!("// TO", "DO: later"));
    refuses(unfinished, "web/src/x.ts", concat!("/* FIX", "ME */"));
    allows(unfinished, "README.md", concat!("METO", "DOS"));
}

#[test]
fn no_lint_is_silenced_for_good() {
    hold(&silenced(files()));
    refuses(silenced, "crates/x/src/lib.rs", concat!("#[al", "low(dead_code)]"));
    refuses(silenced, "tests/tests/x.rs", concat!("#![al", "low(clippy::all)]"));
    allows(silenced, "crates/x/src/lib.rs", "#[expect(dead_code, reason = \"…\")]");
}

#[test]
fn no_file_names_a_place_on_somebody_s_machine() {
    hold(&machine(files()));
    refuses(machine, "README.md", concat!("see /wo", "rk/main"));
    refuses(machine, "tests/x.sh", concat!("cd /ro", "ot"));
    refuses(machine, "crates/x/src/lib.rs", concat!("\"/ho", "me/ann/x\""));
    allows(machine, "web/src/x.ts", "fetch(\"/workloads\")");
    allows(machine, "crates/x/src/lib.rs", concat!("\"api/wo", "rk\""));
}
