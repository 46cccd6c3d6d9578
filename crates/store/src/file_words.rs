//! Which uploaded files hold some words. A file is looked at as the rows that it has: every text of every JSON value in it,
//! however it is escaped there; what is no JSON, as the bytes it has.

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

impl Store {
    /// The files, whoever sent them, that hold any of these words, oldest first. One file is in memory at a time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn file_holding(&self, words: Vec<String>) -> Result<Vec<FileFound>, Error> {
        let words: std::sync::Arc<[String]> = words.into_iter().filter(|words| !words.is_empty()).collect();
        let (mut found, mut after) = (Vec::new(), 0_i64);
        while !words.is_empty() {
            let row = sqlx::query("SELECT seq, id, name, tenant, content FROM file WHERE seq > ? ORDER BY seq LIMIT 1")
                .bind(after)
                .fetch_optional(self.readers())
                .await?;
            let Some(row) = row else { break };
            after = row.try_get("seq")?;
            let (content, words) = (row.try_get::<Vec<u8>, _>("content")?, std::sync::Arc::clone(&words));
            let held = task::spawn_blocking(move || holds(&content, &words)).await;
            if held.map_err(|_| Error::Unavailable { what: "an uploaded file could not be looked at".to_owned() })? {
                found.push(FileFound {
                    id: row.try_get("id")?,
                    name: row.try_get("name")?,
                    tenant: row.try_get("tenant")?,
                });
            }
        }
        Ok(found)
    }
}

fn holds(content: &[u8], words: &[String]) -> bool {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut values = serde_json::Deserializer::from_slice(content).into_iter::<Value>();
    loop {
        match values.next() {
            Some(Ok(value)) if says(&value, words) => return true,
            Some(Ok(_)) => {}
            None => return false,
            // No JSON from here on, but for whole lines that are.
            Some(Err(_)) => break,
        }
    }
    let rest = content.get(values.byte_offset()..).unwrap_or_default();
    let mut rows = rest.split(|byte| *byte == b'\n').filter_map(|row| serde_json::from_slice::<Value>(row).ok());
    rows.any(|row| says(&row, words))
        || words.iter().any(|words| {
            let quoted = || words.replace('"', "\"\"");
            stands(rest, words.as_bytes()) || words.contains('"') && stands(rest, quoted().as_bytes())
        })
}

/// Short words must be a cell or a line of their own here.
fn stands(rest: &[u8], words: &[u8]) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| b"\n\r\t,;\"".contains(byte));
    let alone =
        |at: usize| edge(at.checked_sub(1).and_then(|before| rest.get(before))) && edge(rest.get(at + words.len()));
    let mut parts = rest.windows(words.len()).enumerate();
    parts.any(|(at, part)| part == words && (words.len() >= SHORT || alone(at)))
}

fn says(value: &Value, words: &[String]) -> bool {
    match value {
        Value::String(text) => {
            words.iter().any(|words| text == words || words.len() >= SHORT && text.contains(words.as_str()))
        }
        Value::Array(list) => list.iter().any(|one| says(one, words)),
        Value::Object(fields) => fields.values().any(|one| says(one, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_the_file_writes_them() {
        let words = ["call \"Ana\" Müller at 555 0199".to_owned(), "2+2".to_owned()];
        for held in [
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
            assert!(holds(held.as_bytes(), &words), "{held}");
        }
        for free in
            ["{\"q\":\"2+2+3\"}", "q,a\n12+2,14\n", "", "{\"2+2\":1}", "{\"q\":\"call Ana\"}\n{\"q\":null}", "\u{fffd}"]
        {
            assert!(!holds(free.as_bytes(), &words), "{free}");
        }
    }
}
