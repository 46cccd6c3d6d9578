//! Which uploaded files hold some words. A file is looked at as the rows that it has: every text of every JSON value in it,
//! however it is escaped there; what is no JSON, as the bytes it has.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use sqlx::Row as _;
use tokio::task;

use crate::{Error, Store};

/// A file that holds words which somebody looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFound {
    /// Its id.
    pub id: String,
    /// As its sender calls it.
    pub name: String,
    /// The key that sent it, and that may delete it.
    pub tenant: String,
}

/// Words shorter than this, in bytes, must be a text of their own, as they may stand in any other; the same in the view
/// `span_again`.
const SHORT: usize = 20;

/// An item and its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    /// The item's hash.
    pub(crate) hash: String,
    /// What is looked for.
    pub(crate) words: String,
}

impl Store {
    /// The files, whoever sent them, that hold the words of any of these items: each file's id beside the item's hash. One
    /// file is in memory at a time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn file_holding(&self, sought: Vec<Sought>) -> Result<Vec<(String, String)>, Error> {
        let sought: Arc<[Sought]> = sought.into_iter().filter(|one| !one.words.is_empty()).collect();
        let (mut found, mut after) = (Vec::new(), 0_i64);
        while !sought.is_empty() {
            let row = sqlx::query("SELECT seq, id, content FROM file WHERE seq > ? ORDER BY seq LIMIT 1")
                .bind(after)
                .fetch_optional(self.readers())
                .await?;
            let Some(row) = row else { break };
            after = row.try_get("seq")?;
            let (id, content): (String, Vec<u8>) = (row.try_get("id")?, row.try_get("content")?);
            let looked_for = Arc::clone(&sought);
            let held = task::spawn_blocking(move || held(&content, &looked_for)).await;
            let held =
                held.map_err(|_| Error::Unavailable { what: "an uploaded file could not be looked at".to_owned() })?;
            found.extend(held.into_iter().filter_map(|at| Some((id.clone(), sought.get(at)?.hash.clone()))));
        }
        Ok(found)
    }
}

/// Which of these the content holds, by their numbers.
fn held(content: &[u8], sought: &[Sought]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut values = serde_json::Deserializer::from_slice(content).into_iter::<Value>();
    loop {
        match values.next() {
            Some(Ok(value)) => {
                hear(&value, sought, &mut found);
                if found.len() == sought.len() {
                    return found;
                }
            }
            None => return found,
            // No JSON from here on, but for whole lines that are.
            Some(Err(_)) => break,
        }
    }
    let rest = content.get(values.byte_offset()..).unwrap_or_default();
    let rows = rest.split(|byte| *byte == b'\n').filter_map(|row| serde_json::from_slice::<Value>(row).ok());
    rows.for_each(|row| hear(&row, sought, &mut found));
    for (at, Sought { words, .. }) in sought.iter().enumerate() {
        let quoted = || words.replace('"', "\"\"");
        if !found.contains(&at)
            && (stands(rest, words.as_bytes()) || words.contains('"') && stands(rest, quoted().as_bytes()))
        {
            found.insert(at);
        }
    }
    found
}

/// Short words must be a cell or a line of their own here.
fn stands(rest: &[u8], words: &[u8]) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| b"\n\r\t,;\"".contains(byte));
    let alone =
        |at: usize| edge(at.checked_sub(1).and_then(|before| rest.get(before))) && edge(rest.get(at + words.len()));
    let mut parts = rest.windows(words.len()).enumerate();
    parts.any(|(at, part)| part == words && (words.len() >= SHORT || alone(at)))
}

fn hear(value: &Value, sought: &[Sought], found: &mut BTreeSet<usize>) {
    match value {
        Value::String(text) => {
            let says = |words: &str| text == words || words.len() >= SHORT && text.contains(words);
            for (at, one) in sought.iter().enumerate() {
                if !found.contains(&at) && says(&one.words) {
                    found.insert(at);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| hear(one, sought, found)),
        Value::Object(fields) => fields.values().for_each(|one| hear(one, sought, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_the_file_writes_them() {
        let sought = ["call \"Ana\" Müller at 555 0199", "2+2"];
        let sought = sought.map(|words| Sought { hash: words.to_owned(), words: words.to_owned() });
        for holding in [
            "{\"item\":{\"q\":\"call \\\"Ana\\\" Müller at 555 0199\"}}\n",
            "{\"item\":{\"q\":\"x\"}}\n{\"item\":{\"q\":[\"as I said: call \\\"Ana\\\" M\\u00fcller at 555 0199.\"]}}\n",
            "[{\"q\":\n \"2+2\"}]",
            "q,a\ncall \"Ana\" Müller at 555 0199,yes\n",
            "{\"q\":\"x\"}\nq: call \"Ana\" Müller at 555 0199",
            "q,a\n\"call \"\"Ana\"\" Müller at 555 0199\",yes\n",
            "q,a\r\n2+2,4\r\n",
            "\u{feff}{\"q\":\"call \\\"Ana\\\" M\\u00fcller at 555 0199\"}",
            "{cut\n{\"q\":\"call \\\"Ana\\\" M\\u00fcller at 555 0199\"}\n",
        ] {
            let said = usize::from(holding.contains("2+2"));
            assert_eq!(held(holding.as_bytes(), &sought), BTreeSet::from([said]), "{holding}");
        }
        for free in
            ["{\"q\":\"2+2+3\"}", "q,a\n12+2,14\n", "", "{\"2+2\":1}", "{\"q\":\"call Ana\"}\n{\"q\":null}", "\u{fffd}"]
        {
            assert_eq!(held(free.as_bytes(), &sought), BTreeSet::new(), "{free}");
        }
        let both = "{\"q\":\"2+2\"}\nq: call \"Ana\" Müller at 555 0199";
        assert_eq!(held(both.as_bytes(), &sought), BTreeSet::from([0, 1]), "each by itself");
    }
}
