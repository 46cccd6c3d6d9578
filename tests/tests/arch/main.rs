//! The architecture, held by reading manifests and sources. Every rule is a function from files to offences, so that
//! each is also shown what it must not let through.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod dist;
mod layers;
mod owners;
mod repo;
mod rows;
mod shape;
mod shapes;
mod words;

use repo::File;

/// Fails with every offence, one a line.
#[track_caller]
fn hold(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

/// The rule must object to this file, once.
#[track_caller]
fn refuses(rule: impl Fn(&[File]) -> Vec<String>, path: &str, text: &str) {
    let offences = rule(&[File::new(path, text)]);
    assert_eq!(offences.len(), 1, "{path}: {text}: {offences:?}");
    assert!(offences[0].contains(path), "{offences:?}");
}

/// The rule must let this file pass.
#[track_caller]
fn allows(rule: impl Fn(&[File]) -> Vec<String>, path: &str, text: &str) {
    hold(&rule(&[File::new(path, text)]));
}
