//! The nearest valid name, for hints.

/// The known name closest to `found`, when it is close enough to be a slip: at most a third of its letters differ.
#[must_use]
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = found.to_lowercase();
    let within = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= within)
        .min()
        .map(|(_, name)| name)
}

/// A hint for an unknown name: the nearest one, else all of them when they are few.
pub(crate) fn suggest(found: &str, known: &[&str], what: &str) -> Option<String> {
    if let Some(name) = nearest(found, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    match known.len() {
        0 => None,
        1..=20 => Some(format!("{what}: {}", list(known))),
        _ => None,
    }
}

/// `` `a`, `b`, `c` ``.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_a_different_word_is_not() {
        assert_eq!(nearest("florr", ["floor", "policy"]), Some("floor"));
        assert_eq!(nearest("Floor", ["floor"]), Some("floor"));
        assert_eq!(nearest("budget", ["floor", "policy"]), None);
    }
}
