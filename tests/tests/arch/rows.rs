//! The table of what weir must survive is whole, and its tests are there.

use std::collections::BTreeSet;

use crate::repo::{File, files};

const TABLE: &str = "tests/RELIABILITY.md";
/// How many rows each group has.
const GROUPS: [(char, usize); 7] = [('A', 13), ('B', 11), ('C', 12), ('D', 7), ('E', 6), ('F', 7), ('M', 11)];

/// Id and cells of each row.
fn rows(table: &str) -> Vec<(&str, Vec<&str>)> {
    table.lines().filter(|line| line.starts_with('|')).filter_map(row).collect()
}

fn row(line: &str) -> Option<(&str, Vec<&str>)> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let id = cells.first().copied().filter(|id| !id.is_empty())?;
    let known = id.starts_with(|first: char| GROUPS.iter().any(|(group, _)| *group == first));
    (known && id[1..].parse::<usize>().is_ok()).then_some((id, cells))
}

fn missing(table: &str, tests: &BTreeSet<&str>) -> Vec<String> {
    let rows = rows(table);
    let mut missing = Vec::new();
    for (group, count) in GROUPS {
        let wanted = (1..=count).map(|number| format!("{group}{number}"));
        missing.extend(wanted.filter(|id| !rows.iter().any(|(row, _)| row == id)).map(|id| format!("no row {id}")));
    }
    for (id, cells) in rows {
        let last = cells.last().copied().unwrap_or_default();
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        let open = cells.iter().any(|cell| cell.starts_with("open: "));
        if named.is_empty() && !open {
            missing.push(format!("{id} names no test and is not said to be open"));
        }
        let strangers = named.into_iter().filter(|name| !name.contains(' ') && !tests.contains(name));
        missing.extend(strangers.map(|name| format!("{id}: no test `{name}`")));
    }
    missing
}

/// Names of all functions, wherever they are.
fn functions(files: &[File]) -> BTreeSet<&str> {
    let sources = files.iter().filter(|file| file.path.ends_with(".rs"));
    sources
        .flat_map(|file| file.text.split("fn ").skip(1))
        .filter_map(|rest| rest.split(['(', '<', ' ']).next())
        .collect()
}

#[test]
fn every_row_of_the_reliability_table_has_its_test() {
    let table = files().iter().find(|file| file.path == TABLE).map_or("", |file| &file.text);
    crate::hold(&missing(table, &functions(files())));
}

#[test]
fn a_row_without_a_test_or_with_a_stranger_is_found() {
    let tests = BTreeSet::from(["known"]);
    let all = |last: &str| {
        let ids = GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")));
        ids.map(|id| format!("| {id} | x | y | {last} |\n")).collect::<String>()
    };
    let rows: usize = GROUPS.iter().map(|(_, count)| count).sum();
    assert_eq!(missing(&all("`known`"), &tests), Vec::<String>::new());
    assert_eq!(missing(&all("`unknown`"), &tests).len(), rows);
    assert_eq!(missing(&all(""), &tests).len(), rows);
    assert_eq!(missing("", &tests).len(), rows);
}
