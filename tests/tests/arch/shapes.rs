//! The API's document names a shape by its type alone: two types of one name would be one shape there, and one of them
//! told wrongly.

use std::collections::BTreeMap;

use crate::repo::{File, files};

fn twice(files: &[File]) -> Vec<String> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/api/src/")) {
        for derived in file.text.split("ToSchema").skip(1) {
            let Some((_, rest)) = derived.split_once("struct ") else { continue };
            let name = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            if let Some(other) = known.insert(name, &file.path).filter(|other| *other != file.path) {
                offences.push(format!("{}: `{name}` is a shape of {other} too", file.path));
            }
        }
    }
    offences
}

#[test]
fn no_two_shapes_of_the_api_have_one_name() {
    let bad = [
        File::new("crates/api/src/a.rs", "#[derive(ToSchema)]\nstruct RowView {}"),
        File::new("crates/api/src/b.rs", "#[derive(ToSchema)]\nstruct RowView {}"),
    ];
    assert_eq!(twice(&bad).len(), 1);
    crate::hold(&twice(files()));
}
