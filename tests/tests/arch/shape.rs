//! Small files, one README a crate, one lint wall, and nothing unexpected at the top.

use std::fs;

use toml::Table;

use crate::{
    allows, hold, refuses,
    repo::{File, files, root},
};

/// No code file is longer, in lines of code.
const MOST_LINES: usize = 600;
/// Nine of ten are at most this long.
const USUAL_LINES: usize = 320;
const USUAL_SHARE: f64 = 0.9;

/// Written by tools, not by us.
const GENERATED: [&str; 2] = ["web/dist/", "web/src/api/schema.d.ts"];

/// Top level beside files whose name begins with a dot.
const TOP: [&str; 9] =
    ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "crates", "evals", "migrations", "tests", "web"];
/// Also fine at the top: what tools look for there, and what a run leaves behind.
const TOP_TOO: [&str; 6] = ["clippy.toml", "deny.toml", "rust-toolchain.toml", "rustfmt.toml", "target", "weir-data"];

fn is_code(file: &File) -> bool {
    let extensions = [".rs", ".ts", ".tsx", ".css", ".mjs", ".py"];
    extensions.iter().any(|extension| file.path.ends_with(extension))
        && !GENERATED.iter().any(|path| file.path.starts_with(path))
}

fn too_long(files: &[File]) -> Vec<String> {
    let lengths = files.iter().filter(|file| is_code(file)).map(|file| (file, file.code().len()));
    let over = lengths.filter(|(_, lines)| *lines > MOST_LINES);
    over.map(|(file, lines)| format!("{}: {lines} lines of code, at most {MOST_LINES}", file.path)).collect()
}

fn mostly_short(files: &[File]) -> Vec<String> {
    let mut lengths: Vec<_> =
        files.iter().filter(|file| is_code(file)).map(|file| (file.code().len(), &file.path)).collect();
    lengths.sort_unstable();
    let short = lengths.iter().filter(|(lines, _)| *lines <= USUAL_LINES).count();
    if short as f64 >= USUAL_SHARE * lengths.len() as f64 {
        return Vec::new();
    }
    lengths.split_off(short).into_iter().map(|(lines, path)| format!("{path}: {lines} lines of code")).collect()
}

/// Every crate has a README and stands behind the workspace's lints.
fn crates(files: &[File]) -> Vec<String> {
    let manifests = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let mut offences = Vec::new();
    for manifest in manifests {
        let readme = manifest.path.replace("Cargo.toml", "README.md");
        if !files.iter().any(|file| file.path == readme && !file.text.trim().is_empty()) {
            offences.push(format!("{}: no README.md beside it", manifest.path));
        }
        let table: Table = manifest.text.parse().unwrap();
        let lints = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if lints != Some(true) {
            offences.push(format!("{}: no `[lints] workspace = true`", manifest.path));
        }
    }
    offences
}

/// The lint wall itself.
fn wall(files: &[File]) -> Vec<String> {
    let Some(root) = files.iter().find(|file| file.path == "Cargo.toml") else {
        return vec!["Cargo.toml: missing".into()];
    };
    let table: Table = root.text.parse().unwrap();
    let level = |tool: &str, lint: &str| {
        let lints = table.get("workspace").and_then(|workspace| workspace.get("lints"));
        lints.and_then(|lints| lints.get(tool)?.get(lint)).and_then(toml::Value::as_str).map(str::to_owned)
    };
    let mut offences = Vec::new();
    if level("rust", "unsafe_code").as_deref() != Some("forbid") {
        offences.push("Cargo.toml: unsafe code is not forbidden".to_owned());
    }
    let denied = ["unwrap_used", "expect_used", "panic", "todo", "print_stdout", "print_stderr", "allow_attributes"];
    for lint in denied.into_iter().filter(|lint| level("clippy", lint).as_deref() != Some("deny")) {
        offences.push(format!("Cargo.toml: clippy::{lint} is not denied"));
    }
    offences
}

#[test]
fn no_code_file_is_long_and_most_are_short() {
    hold(&too_long(files()));
    hold(&mostly_short(files()));
}

#[test]
fn a_long_file_and_a_crowd_of_longish_ones_are_found() {
    let longish = "a();\n".repeat(USUAL_LINES + 1);
    refuses(too_long, "crates/x/src/lib.rs", &"a();\n".repeat(MOST_LINES + 1));
    allows(too_long, "crates/x/src/lib.rs", &longish);
    refuses(mostly_short, "crates/x/src/lib.rs", &longish);
    allows(too_long, "crates/x/src/lib.rs", &format!("a();\n#[cfg(test)]\nmod tests {{\n{longish}{longish}}}\n"));
}

#[test]
fn every_crate_tells_what_it_is_and_stands_behind_the_lints() {
    hold(&crates(files()));
    hold(&wall(files()));
}

#[test]
fn a_crate_without_readme_or_lints_and_a_hole_in_the_wall_are_found() {
    refuses(crates, "crates/x/Cargo.toml", "[lints]\nworkspace = true\n");
    let files = [File::new("crates/x/Cargo.toml", "[package]\n"), File::new("crates/x/README.md", "# x")];
    assert_eq!(crates(&files).len(), 1);
    let text = &self::files().iter().find(|file| file.path == "Cargo.toml").unwrap().text;
    refuses(wall, "Cargo.toml", &text.replace("unwrap_used = \"deny\"", ""));
    refuses(wall, "Cargo.toml", &text.replace("unsafe_code = \"forbid\"", ""));
}

#[test]
fn the_top_level_is_what_it_was_agreed_to_be() {
    let mut names: Vec<String> =
        fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.') && !TOP_TOO.contains(&name.as_str()));
    names.sort();
    assert_eq!(names, TOP);
}
