//! Names and references to them. Names travel in headers, paths, labels and commands, so their letters are few.

use indexmap::IndexMap;

use crate::{file::File, nearest::suggest, place::join, problem::Report};

const MOST_CHARACTERS: usize = 128;

/// Reports names that are malformed or mean two things.
pub(crate) fn names(file: &File, report: &mut Report) {
    let sections: [(&str, Vec<&String>); 7] = [
        ("keys", file.keys.keys().collect()),
        ("deployments", file.deployments.keys().collect()),
        ("workloads", file.workloads.keys().collect()),
        ("scorers", file.scorers.keys().collect()),
        ("rules", file.rules.keys().collect()),
        ("suites", file.suites.keys().collect()),
        ("datasets", file.datasets.keys().collect()),
    ];
    for (section, names) in sections {
        for name in names {
            let key = join(section, name);
            if name.is_empty() || name.len() > MOST_CHARACTERS {
                let message =
                    format!("the name has {} characters, wanted 1 to {MOST_CHARACTERS}", name.chars().count());
                report.error_in_name(&key, message, None);
            } else if let Some(odd) =
                name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '@' | '-')))
            {
                report.error_in_name(
                    &key,
                    format!("found {odd:?} in a name, wanted letters, digits and `._:/@-`"),
                    None,
                );
            }
        }
    }
    for name in file.workloads.keys() {
        let key = join("workloads", name);
        if file.deployments.contains_key(name) {
            report.error_in_name(
                &key,
                format!("`{name}` is both a workload and a deployment: `model` could mean either"),
                Some("rename one of them".into()),
            );
        } else if name == "auto" {
            report.error_in_name(&key, "`auto` is taken: it means the key's own workload", None);
        }
    }
}

/// Reports a reference from `key` to a `what` that is not in `section`.
pub(crate) fn known<T>(key: &str, name: &str, what: &str, section: &IndexMap<String, T>, report: &mut Report) {
    // One that is there but could not be read has been reported already.
    if section.contains_key(name) || report.knows(&join(&format!("{what}s"), name)) {
        return;
    }
    let names: Vec<&str> = section.keys().map(String::as_str).collect();
    let hint = suggest(name, &names, &format!("the {what}s are"))
        .or_else(|| Some(format!("add a `[{}]`", join(&format!("{what}s"), name))));
    report.error(key, format!("{what} `{name}` does not exist"), hint);
}

/// Reports the entry at `nth` when an earlier one is the same.
pub(crate) fn once(key: &str, list: &[String], nth: usize, report: &mut Report) {
    let Some(name) = list.get(nth) else { return };
    if list.iter().take(nth).any(|earlier| earlier == name) {
        report.error(key, format!("`{name}` is in the list twice"), None);
    }
}
