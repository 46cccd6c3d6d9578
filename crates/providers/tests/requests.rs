//! Reading and splicing requests: what is refused, where, and that every other byte survives.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_core::chat::Role;
use weir_providers::dialect::{
    openai_chat::{peek, splice},
    text::messages,
};

fn ask(body: &str) -> Result<weir_providers::dialect::openai_chat::Peek<'_>, String> {
    peek(body.as_bytes()).map_err(|bad| format!("{} {} {}", bad.path, bad.found, bad.wanted))
}

#[test]
fn a_request_is_read_without_being_copied() {
    let body = r#" {"model":"weir/maths","stream":true,"max_tokens":5,"user":"u\u0031","tools":[{"type":"function"}],
        "response_format":{"type":"json_schema","json_schema":{}},"stream_options":{"include_usage":true},
        "messages":[{"role":"system","content":"be brief"},
        {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"x"}}]},
        {"role":"assistant","tool_calls":[]}]}"#;
    let peek = ask(body).unwrap();
    assert!(matches!(peek.model, std::borrow::Cow::Borrowed("weir/maths")));
    assert_eq!(peek.user.as_deref(), Some("u1"));
    assert!(peek.stream && peek.include_usage && peek.tools && peek.json_schema && peek.images);
    assert_eq!((peek.max_output_tokens, peek.messages), (Some(5), 3));
    let features = peek.features();
    assert!(features.vision && features.input_tokens > 50);
}

#[test]
fn every_refusal_names_the_place() {
    let turns = r#""messages":[{"role":"user","content":"a"}]"#;
    let depth = format!(r#"{{"model":"m",{turns},"x":{}}}"#, "[".repeat(20_000));
    let table: &[(&str, &str)] = &[
        ("", "$ nothing"),
        ("[1]", "$ an array"),
        ("\"x\"", "$ a string"),
        ("null", "$ null"),
        (r#"{"model":"m"}"#, "$.messages nothing"),
        (r#"{"messages":[]}"#, "$.model nothing"),
        (r#"{"model":7,"messages":[]}"#, "$.model a number"),
        (r#"{"model":null,"messages":[]}"#, "$.model null"),
        (r#"{"model":"","messages":[]}"#, "$.model an empty"),
        (r#"{"model":"a\u000ab","messages":[]}"#, "$.model an empty"),
        (r#"{"model":"m","model":"n","messages":[]}"#, "$.model the key twice"),
        (r#"{"model":"m","messages":[]}"#, "$.messages an empty array"),
        (r#"{"model":"m","messages":{}}"#, "$.messages an object"),
        (r#"{"model":"m","messages":null}"#, "$.messages null"),
        (r#"{"model":"m","messages":[5]}"#, "$.messages[0] a number"),
        (r#"{"model":"m","messages":[{"role":"user","content":"a"},{"content":"b"}]}"#, "$.messages[1] no role"),
        (r#"{"model":"m","messages":[{"role":3}]}"#, "$.messages[0].role a number"),
        (r#"{"model":"m","messages":[{"role":null}]}"#, "$.messages[0].role null"),
        (r#"{"model":"m","messages":[null]}"#, "$.messages[0] null"),
        (r#"{"model":"m","messages":[{"role":"user","content":["x"]}]}"#, "$.messages[0].content[0] a string"),
        (r#"{"model":"m","messages":[{"role":"user","content":[null]}]}"#, "$.messages[0].content[0] null"),
        (
            r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"user","content":9}]}"#,
            "$.messages[2].content a number",
        ),
        (r#"{"model":"m","messages":[{"role":"user","role":"system"}]}"#, "$.messages[0].role the key twice"),
        (r#"{"model":"m","stream":"yes","messages":[]}"#, "$.stream a string"),
        (r#"{"model":"m","max_tokens":-1,"messages":[]}"#, "$.max_tokens a negative number"),
        (r#"{"model":"m","max_tokens":1.5,"messages":[]}"#, "$.max_tokens a number"),
        (r#"{"model":"m","tools":{},"messages":[]}"#, "$.tools an object"),
        (r#"{"model":"m","stream_options":[],"messages":[]}"#, "$.stream_options an array"),
        (
            r#"{"model":"m","stream_options":{"include_usage":1},"messages":[]}"#,
            "$.stream_options.include_usage a number",
        ),
        (r#"{"model":"m","stop":[[]],"stream":7,"messages":[]}"#, "$.stop[0] an array"),
        (r#"{"model":"m","messages":[{"role":"user"}]} x"#, "$ trailing characters"),
        (r#"{"model":"m","response_format":"json","messages":[]}"#, "$.response_format a string"),
        (r#"{"model":"m","temperature":1e999,"messages":[]}"#, "$.temperature a number out of range"),
        (r#"{"model":"m","temperature":NaN,"messages":[]}"#, "$.temperature expected value"),
        (
            r#"{"model":"m","messages":[{"role":"user","content":"\ud800"}]}"#,
            "$.messages[0].content half of a surrogate",
        ),
        (r#"{"model":"m","messages":[{"role":"user""#, "$ the end of the body"),
        (&depth, "$.x"),
    ];
    for (body, wanted) in table {
        let bad = ask(body).map(|peek| peek.messages).unwrap_err();
        assert!(bad.starts_with(wanted), "{wanted}: {bad}");
    }
    let bad = peek(b"{\"model\":\"\xff\"}").unwrap_err();
    assert_eq!(bad.found, "invalid UTF-8 at byte 10");
}

#[test]
fn the_usage_flag_is_added_wherever_the_caller_left_it_out() {
    let turns = r#""messages":[{"role":"user","content":"a"}]"#;
    for options in [
        String::new(),
        r#","stream_options":null"#.into(),
        r#","stream_options":{}"#.into(),
        r#","stream_options": { }"#.into(),
        r#","stream_options":{"include_usage":false}"#.into(),
        r#","stream_options":{"include_usage":null}"#.into(),
        r#","stream_options":{"x":1}"#.into(),
        r#","stream_options":{"include_usage":true}"#.into(),
    ] {
        let body = format!(r#"{{{turns}{options},"model":"a\"b","stream":true}}"#);
        let peek = ask(&body).unwrap();
        let out = splice(&peek, &Bytes::from(body.clone()), "up/\"stream\"", true);
        let sent: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(sent["model"], "up/\"stream\"", "{body}");
        assert_eq!(sent["stream_options"]["include_usage"], true, "{body}");
        // No key twice, whatever was there before.
        assert!(ask(std::str::from_utf8(&out).unwrap()).unwrap().include_usage);
        let kept = splice(&peek, &Bytes::from(body.clone()), "m", false);
        assert_eq!(kept, body.replace(r#""a\"b""#, r#""m""#));
    }
    let whole = format!(r#"{{"model":"x",{turns}}}"#);
    let out = splice(&ask(&whole).unwrap(), &Bytes::from(whole.clone()), "y", true);
    assert_eq!(out, whole.replace("\"x\"", "\"y\""));
}

#[test]
fn scorers_read_roles_and_joined_text() {
    let body = json!({"messages": [
        {"role": "developer", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "image_url"}, {"type": "text", "text": "c"}]},
        {"role": "assistant", "content": null},
        {"role": "function", "content": "d"},
    ]});
    let read = messages(body.to_string().as_bytes());
    let flat: Vec<_> = read.iter().map(|m| (m.role, m.content.as_str())).collect();
    assert_eq!(flat, [(Role::System, "a"), (Role::User, "b\nc"), (Role::Assistant, ""), (Role::Tool, "d")]);
    assert!(messages(b"{]").is_empty());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z\"\\\\]{1,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn splicing_keeps_every_other_byte(
        extra in prop::collection::vec(("x_[a-z]{1,8}", any_json()), 0..4),
        content in any::<String>(),
        model in "[ -~]{1,20}",
        upstream in any::<String>(),
        pretty in any::<bool>(),
        first in any::<bool>(),
    ) {
        let body_of = |model: &str| {
            let mut members = serde_json::Map::new();
            if first { members.insert("model".into(), model.into()); }
            members.insert("messages".into(), json!([{"role": "user", "content": content}]));
            members.extend(extra.clone());
            members.insert("model".into(), model.into());
            let value = Value::Object(members);
            if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap()
        };
        let body = body_of(&model);
        let peek = peek(body.as_bytes()).unwrap();
        prop_assert_eq!(&*peek.model, &model);
        let out = splice(&peek, &Bytes::from(body.clone()), &upstream, true);
        prop_assert_eq!(std::str::from_utf8(&out).unwrap(), body_of(&upstream));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = peek(&body).is_ok();
    }

    #[test]
    fn no_near_json_makes_the_reader_panic(body in r#"[\{\}\[\]",:a-z0-9\\ue.\-]{0,80}"#) {
        let _outcome = peek(format!("{{\"model\":\"m\",\"messages\":{body}").as_bytes()).is_ok();
    }
}
