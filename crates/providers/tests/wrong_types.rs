//! Every value of a representative request, replaced by one of every other type and taken out: each is read, or refused with
//! a path that leads to it or above it.

mod fixture;

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_core::deployment::Dialect;
use weir_providers::{
    dialect::BadRequest,
    exchange::{Entry, Inbound, Unsendable},
};

use fixture::deployment;

const CALLERS: [Dialect; 4] = [Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini];
const PROVIDERS: [Dialect; 7] = [
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Mistral,
    Dialect::Cohere,
    Dialect::Bedrock,
];

/// Pointers to every value below this one.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Value::Object(members) => members.iter().map(|(key, member)| (key.replace('/', "~1"), member)).collect(),
        _ => Vec::new(),
    };
    for (key, inner) in below {
        let place = format!("{at}/{key}");
        places(inner, &place, out);
        out.push(place);
    }
}

/// `/messages/0/content` as `$.messages[0].content`, so far as a path says it.
fn as_path(pointer: &str) -> String {
    pointer.split('/').skip(1).fold("$".to_owned(), |path, key| match key.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) => format!("{path}.{key}"),
    })
}

fn check(dialect: Dialect, document: &Value, place: &str) {
    let entry = match dialect {
        Dialect::Gemini => Entry::Gemini { model: "m".into(), stream: false, sse: true },
        other => Entry::Body(other),
    };
    let refused = |bad: &BadRequest| {
        let (path, place) = (bad.path.clone(), as_path(place));
        // A call without its result, or the other way round, is found where the other one is.
        let near =
            place.starts_with(&path) || path.starts_with(&place) || place.contains("id") || place.contains("name");
        let turned =
            ["messages", "input", "contents"].iter().any(|turns| place.contains(turns) && path.contains(turns));
        assert!(near || turned, "{}: {bad} at {place}", dialect.name());
        assert!(!bad.found.is_empty() && !bad.wanted.is_empty());
    };
    let body = Bytes::from(document.to_string());
    let inbound = match Inbound::read(&entry, &body, 0) {
        Ok(inbound) => inbound,
        Err(bad) => return refused(&bad),
    };
    for to in PROVIDERS {
        match inbound.outgoing(&deployment(to), false) {
            Ok(outgoing) => assert!(serde_json::from_slice::<Value>(&outgoing.body).is_ok()),
            Err(Unsendable::Bad(bad)) => refused(&bad),
            Err(Unsendable::Untranslatable(lost)) => assert!(!lost.fields.is_empty()),
        }
    }
}

#[test]
fn a_value_of_any_wrong_type_is_read_or_refused_where_it_is() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    for dialect in CALLERS {
        let text = fs::read(goldens.join(format!("{}.request.json", dialect.name()))).unwrap();
        let whole: Value = serde_json::from_slice(&text).unwrap();
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        assert!(all.len() > 50, "{}", dialect.name());
        for place in &all {
            for other in [Value::Null, json!(true), json!(-7.5), json!("x"), json!([]), json!([[7]]), json!({"x": 1})] {
                let mut document = whole.clone();
                *document.pointer_mut(place).unwrap() = other;
                check(dialect, &document, place);
            }
            let (parent, key) = place.rsplit_once('/').unwrap();
            let mut document = whole.clone();
            match document.pointer_mut(parent).unwrap() {
                Value::Array(items) => drop(items.remove(key.parse().unwrap())),
                Value::Object(members) => drop(members.remove(key)),
                _ => {}
            }
            check(dialect, &document, place);
        }
    }
}
