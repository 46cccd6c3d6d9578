//! `{{item.question}}`, `{{ sample.output_text }}`: what stands between the braces is looked up, nothing is run.

use serde_json::Value;

use crate::exchange::as_text;

/// What templates may read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The row of the data source.
    pub item: &'a Value,
    /// What was sampled for it: `output_text` and whatever else is known.
    pub sample: &'a Value,
}

/// Fills a template in. A name that leads nowhere is left out, as an empty text.
#[must_use]
pub fn render(template: &str, scope: Scope<'_>) -> String {
    filled(template, |name| lookup(name, scope).map(as_text).unwrap_or_default())
}

/// The first name of a template that leads nowhere.
pub(super) fn unmet(template: &str, scope: Scope<'_>) -> Option<String> {
    let mut unmet = None;
    filled(template, |name| {
        if unmet.is_none() && lookup(name, scope).is_none() {
            unmet = Some(name.to_owned());
        }
        String::new()
    });
    unmet
}

fn filled(template: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(&value(name.trim()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn lookup<'a>(path: &str, scope: Scope<'a>) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let root = match parts.next()? {
        "item" => scope.item,
        "sample" => scope.sample,
        _ => return None,
    };
    parts.try_fold(root, |value, part| match (value.get(part), part.parse::<usize>()) {
        (Some(found), _) => Some(found),
        (None, Ok(index)) => value.get(index),
        _ => None,
    })
}
