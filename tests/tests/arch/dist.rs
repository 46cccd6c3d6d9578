//! The committed build of the dashboard is of the committed sources. Checked without Node, by the hash that the build
//! leaves in `web/dist/SOURCE`; `web/README.md` says how it is made.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::repo::{File, files};

const SINGLES: [&str; 5] = ["index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];

/// Hex SHA-256 over each source in byte order of its path: path, NUL, length in decimal, NUL, bytes.
fn digest(files: &[File]) -> String {
    let sources = files.iter().filter_map(|file| Some((file.path.strip_prefix("web/")?, &file.text)));
    let mut sources: Vec<_> = sources.filter(|(path, _)| SINGLES.contains(path) || path.starts_with("src/")).collect();
    sources.sort_unstable();
    let mut hash = Sha256::new();
    for (path, text) in sources {
        hash.update(format!("{path}\0{}\0", text.len()));
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn the_built_dashboard_is_of_these_sources() {
    let built = files().iter().find(|file| file.path == "web/dist/SOURCE").map_or("", |file| file.text.trim());
    assert_eq!(built, digest(files()), "web/dist is not of web/src: run `npm run build` in web/");
}

#[test]
fn any_changed_source_changes_the_digest_and_nothing_else_does() {
    let with = |path: &str, text: &str| digest(&[File::new("web/index.html", "<html>"), File::new(path, text)]);
    assert_ne!(with("web/src/a.ts", "1"), with("web/src/a.ts", "2"));
    assert_ne!(with("web/src/a.ts", "1"), with("web/src/b.ts", "1"));
    assert_eq!(with("web/README.md", "1"), with("web/README.md", "2"));
}
