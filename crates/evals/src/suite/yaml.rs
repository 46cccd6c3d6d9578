//! A suite in YAML: the same structure and the same keys. It is read as the TOML that it stands for; what is wrong is
//! shown where it stands in the YAML.

use serde_json::Value;

use super::SuiteError;

/// True of a file whose name ends as YAML's do.
pub(super) fn is_yaml(file: &str) -> bool {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The TOML that a document stands for.
pub(super) fn to_toml(text: &str, file: &str) -> Result<String, SuiteError> {
    let wrong =
        |line: usize, column: usize, message: String| SuiteError { file: file.to_owned(), line, column, message };
    let mut value: Value = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or((1, 1), |place| (place.line() as usize, place.column() as usize));
        let message = error.to_string();
        wrong(place.0.max(1), place.1.max(1), format!("not valid YAML: {}", message.lines().next().unwrap_or_default()))
    })?;
    if !value.is_object() {
        return Err(wrong(1, 1, "wanted keys such as `suite` and `scorer`, with their values under them".to_owned()));
    }
    drop_nulls(&mut value);
    toml::to_string(&value).map_err(|error| wrong(1, 1, error.to_string()))
}

/// A key without a value says nothing, as if it were not there; TOML has no word for that.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}

/// An error about `toml`, which `yaml` stands for, with its place in `yaml`.
pub(super) fn placed(error: SuiteError, toml: &str, yaml: &str) -> SuiteError {
    let (line, column) = Path::at(toml, error.line).find(yaml);
    SuiteError { line, column, ..error }
}

/// Where a line of TOML is: a table, which of its entries where it is a list, and the keys in it.
#[derive(Debug, Default)]
struct Path<'a> {
    table: &'a str,
    /// From 1; 0 where the table is no list.
    entry: usize,
    keys: Vec<&'a str>,
}

impl<'a> Path<'a> {
    fn at(toml: &'a str, line: usize) -> Self {
        let mut path = Self::default();
        for text in toml.lines().take(line) {
            if let Some(head) = text.strip_prefix('[') {
                let is_list = head.starts_with('[');
                let mut parts = head.trim_matches(['[', ']']).split('.');
                let table = parts.next().unwrap_or_default();
                path.keys = parts.collect();
                if is_list && path.keys.is_empty() {
                    path.entry = if path.table == table { path.entry + 1 } else { 1 };
                } else if path.table != table {
                    path.entry = 0;
                }
                path.table = table;
            }
        }
        let last = toml.lines().nth(line.saturating_sub(1)).filter(|text| !text.starts_with('['));
        path.keys.extend(last.and_then(|text| text.split_once('=')).map(|(key, _)| key.trim().trim_matches('"')));
        path
    }

    /// Line and column in the YAML, from 1; of what is around it where it is not found itself.
    fn find(&self, yaml: &str) -> (usize, usize) {
        let lines: Vec<&str> = yaml.lines().collect();
        let Some(top) = lines.iter().position(|line| key_at(line, self.table) == Some(0)) else { return (1, 1) };
        // A table goes to the next key at the margin; items of its list may stand at the margin themselves.
        let below = |at: &usize| lines.get(*at).is_some_and(|line| !line.starts_with(|c: char| c.is_alphabetic()));
        let end = (top + 1..lines.len()).find(|at| !below(at)).unwrap_or(lines.len());
        let (mut from, mut to) = (top, end);
        if self.entry > 0 {
            let dash = |line: &str| line.trim_start().starts_with("- ").then(|| line.len() - line.trim_start().len());
            let margin = (top + 1..end).find_map(|at| dash(lines[at]));
            let starts: Vec<usize> =
                (top + 1..end).filter(|at| margin.is_some() && dash(lines[*at]) == margin).collect();
            if let Some(start) = starts.get(self.entry - 1) {
                (from, to) = (*start, starts.get(self.entry).copied().unwrap_or(end));
            }
        }
        let mut place = (from, lines[from].len() - lines[from].trim_start().len());
        for key in &self.keys {
            let found = (from..to).find_map(|at| Some((at, key_at(lines[at], key)?)));
            let Some(found) = found else { break };
            place = found;
            from = found.0;
        }
        (place.0 + 1, place.1 + 1)
    }
}

/// The character at which `key` stands as a key in a line.
fn key_at(line: &str, key: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = line.get(from..)?.find(key) {
        let at = from + found;
        let before = line.get(..at)?.trim_end_matches(['"', '\'']);
        let after = line.get(at + key.len()..)?.trim_start_matches(['"', '\'', ' ']);
        let begins = before.trim_start().is_empty() || before.ends_with(['{', ',', ' ']);
        if begins && after.starts_with(':') && !key.is_empty() {
            return Some(line.get(..at)?.chars().count());
        }
        from = at + key.len().max(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::suite::{Quality, Suite};

    const SUITE: &str = "# A suite.
suite:
  name: support
  workload: support
  dataset: support-hard
  splits: [heldout]
  quality: ~
judge:
  default:
    model: judge
scorer:
  - name: exact
    kind: exact_match
  - {name: short, kind: word_count, max: 40}
gate:
- metric: quality
  floor: 0.8
";

    fn parse(text: &str) -> Result<Suite, String> {
        Suite::parse(text, "s.yaml", &|name| Err(format!("no file {name}"))).map_err(|error| error.to_string())
    }

    #[test]
    fn yaml_is_read_as_the_same_suite() {
        let suite = parse(SUITE).unwrap();
        let toml = "[suite]\nname='support'\nworkload='support'\ndataset='support-hard'\nsplits=['heldout']\n\
                    [[scorer]]\nname='exact'\nkind='exact_match'\n[[scorer]]\nname='short'\nkind='word_count'\nmax=40\n\
                    [[gate]]\nmetric='quality'\nfloor=0.8\n";
        let same = Suite::parse(toml, "s.toml", &|_| Err(String::new())).unwrap();
        assert_eq!((&suite.scorers, &suite.gates, &suite.splits), (&same.scorers, &same.gates, &same.splits));
        assert_eq!(suite.quality, Quality::Scorer("exact".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_placed_in_the_yaml() {
        for (from, to, want) in [
            ("kind: exact_match", "kind: exact_mach", "s.yaml:13:5: scorer `exact`: `kind`: no scorer kind is called"),
            ("max: 40", "maxx: 40", "s.yaml:14:37: scorer `short`: unknown field `maxx`"),
            ("splits:", "split:", "s.yaml:6:3: unknown field `split`"),
            ("model: judge", "modle: judge", "s.yaml:10:5: unknown field `modle` in [judge.default]"),
            ("metric: quality", "metric: qualty", "s.yaml:16:3: no metric is called `qualty`"),
            ("name: support\n", "name: [support\n", "s.yaml:"),
        ] {
            let error = parse(&SUITE.replace(from, to)).unwrap_err();
            assert!(error.starts_with(want), "found: {error}\nwanted: {want}");
        }
        assert!(parse("just words").unwrap_err().starts_with("s.yaml:1:1: wanted keys such as `suite`"));
    }
}
