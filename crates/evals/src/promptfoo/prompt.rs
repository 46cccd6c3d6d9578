//! promptfoo's prompts: a text or messages with `{{variables}}`, put into each item as it is asked.

use serde_json::{Map, Value};
use weir_core::chat::{Message, Role};

use crate::exchange::as_text;

/// What each test's variables are put into.
pub(super) struct Prompt {
    messages: Vec<Message>,
}

/// The prompt with this number, from 1.
pub(super) fn choose(
    prompts: Option<&Value>,
    number: usize,
    files: &dyn Fn(&str) -> Result<String, String>,
    notes: &mut Vec<String>,
) -> Result<Prompt, String> {
    let list = match prompts {
        None | Some(Value::Null) => vec![Value::from("{{input}}")],
        Some(Value::Array(list)) => list.clone(),
        Some(Value::Object(named)) => named.keys().map(|path| Value::from(path.as_str())).collect(),
        Some(other) => vec![other.clone()],
    };
    let found = list.len();
    let Some(chosen) = number.checked_sub(1).and_then(|at| list.get(at)) else {
        return Err(format!("`--prompt {number}`: found {found} prompts"));
    };
    if found > 1 {
        notes.push(format!(
            "found {found} prompts, and items hold one: this is number {number}; `--prompt N` takes another"
        ));
    }
    let raw = chosen.as_str().or_else(|| chosen["raw"].as_str()).or_else(|| chosen["id"].as_str());
    let raw = raw.ok_or("`prompts`: wanted texts or files")?;
    let path = raw.strip_prefix("file://").unwrap_or(raw);
    let named = raw.starts_with("file://") || !raw.contains(char::is_whitespace);
    let ends = |endings: &[&str]| named && endings.iter().any(|ending| path.ends_with(ending));
    if ends(&[".js", ".py", ".ts", ".mjs"]) {
        return Err(format!("the prompt `{path}` is made by a program; write its text into a file"));
    }
    let text = match raw.starts_with("file://") || ends(&[".txt", ".json", ".yaml", ".yml", ".md"]) {
        true => files(path).map_err(|error| format!("`{path}`: {error}"))?,
        false => raw.to_owned(),
    };
    if text.contains("{%")
        || text.split("{{").skip(1).any(|part| part.split("}}").next().is_some_and(|name| name.contains('|')))
    {
        notes.push(
            "the prompt has Nunjucks filters or blocks, which stay as they are: only `{{name}}` is filled in"
                .to_owned(),
        );
    }
    let messages =
        serde_json::from_str::<Vec<Message>>(&text).or_else(|_| serde_saphyr::from_str::<Vec<Message>>(&text));
    Ok(Prompt { messages: messages.unwrap_or_else(|_| vec![Message { role: Role::User, content: text }]) })
}

impl Prompt {
    /// Nothing but one variable: then the item's input says all.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.messages.as_slice(), [one] if one.content.trim().starts_with("{{")
            && one.content.trim().ends_with("}}") && one.content.matches("{{").count() == 1)
    }

    /// The conversation of one test.
    pub(super) fn messages(&self, vars: &Map<String, Value>) -> Result<Vec<Message>, String> {
        let filled = self.messages.iter().map(|message| -> Result<Message, String> {
            let content = fill(&message.content, vars)?;
            Ok(Message { role: message.role, content })
        });
        let filled: Vec<Message> = filled.collect::<Result<_, String>>()?;
        match filled.iter().all(|message| message.content.trim().is_empty()) {
            true => Err("nothing is asked".to_owned()),
            false => Ok(filled),
        }
    }
}

/// Puts values in the place of `{{ name }}`; what is more than a name stays.
fn fill(text: &str, vars: &Map<String, Value>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((inside, behind)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        let name = inside.trim();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        match lookup(vars, name) {
            Some(value) => filled.push_str(&as_text(value)),
            None if plain => return Err(format!("the prompt wants `{name}`, and the test has no such variable")),
            None => filled.extend(["{{", inside, "}}"]),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The value at `name`, or at `name.inner`.
fn lookup<'a>(vars: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = vars.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}
