//! What is written is read back as the same items, in every form.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use weir_core::chat::{Message, Role};

use super::super::{
    write::{Form, Writer},
    *,
};
use crate::exchange::ExpectedTool;

/// Texts that are hard for one of the forms: quotes, commas, breaks, JSON, digits, other scripts.
fn text() -> impl Strategy<Value = String> {
    const HARD: [&str; 13] =
        ["42", "true", "null", "[1]", "{\"a\":1}", "\"q\"", " a ", "a,b;c\td", "x\r\ny", "'", "é日本🙂", "-", "1e5"];
    prop_oneof![prop::sample::select(&HARD[..]).prop_map(str::to_owned), "\\PC{1,12}", "[a-z ,\"\n\r;]{1,10}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), json_value()), 0..3).prop_map(|fields| fields.into_iter().collect())
}

prop_compose! {
    fn item(at: usize)(
        messages in prop::collection::vec((prop::sample::select(vec![Role::System, Role::User, Role::Assistant, Role::Tool]), text()), 1..3),
        id in text(), expected in prop::option::of(json_value()), context in prop::collection::vec(text(), 0..3),
        words in prop::collection::vec(prop::option::of(text()), 4), tags in prop::collection::vec(text(), 0..2),
        tool in prop::option::of((text(), prop::option::of(object()))), weight in 1_u16..500,
        maps in prop::collection::vec(object(), 3),
    ) -> Item {
        let mut input: Vec<Message> = messages.into_iter().map(|(role, content)| Message { role, content }).collect();
        input[0].content.push('x');
        let mut item = Item::new(input);
        item.id = format!("{at}{id}");
        // An object around one text or value is how a file may write that value.
        item.expected = expected.filter(|value| !value.is_null() && value.as_object().is_none_or(|fields| fields.len() != 1));
        item.context = context;
        item.criteria = words[0].clone();
        item.workload = words[1].clone();
        item.cluster = words[2].clone();
        item.split = words[3].clone();
        item.tags = tags;
        item.expected_tools = tool.map(|(name, fields)| vec![ExpectedTool { name, arguments: fields.map(Value::Object) }]);
        item.weight = f64::from(weight) / 8.0;
        item.tools = vec![json!({"type": "function", "function": {"name": "f"}})];
        item.labels = vec![Value::Object(maps[0].clone())];
        item.source = maps[1].clone();
        item.metadata = maps[2].clone();
        item
    }
}

fn written(form: Form, items: &[Item]) -> Vec<u8> {
    let header = Header {
        weir: "dataset.v1".into(),
        name: Some("any, name; \"quoted\"".into()),
        workload: Some("support".into()),
        canary: Some("weir-canary-1".into()),
        input_schema: Some(json!({"type": "object"})),
        ..Header::default()
    };
    let mut writer = Writer::new(form, &header).unwrap();
    let mut bytes = Vec::new();
    for page in items.chunks(2) {
        bytes.extend(writer.items(page).unwrap());
    }
    bytes.extend(writer.finish().unwrap());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_lost_in_any_form(items in (item(0), item(1), item(2))) {
        let items = [items.0, items.1, items.2];
        for form in [Form::Jsonl, Form::Csv, Form::Parquet] {
            let parsed = parse(&written(form, &items), &format!("x.{}", form.ending()), None);
            prop_assert_eq!(parsed.format, Format::Weir, "{:?}", form);
            let header = parsed.header.clone().unwrap();
            prop_assert_eq!(header.canary.as_deref(), Some("weir-canary-1"));
            prop_assert_eq!(header.name.as_deref(), Some("any, name; \"quoted\""));
            let bad: Vec<_> = parsed.bad().collect();
            prop_assert!(bad.is_empty(), "{:?}: {:?}", form, bad);
            let read: Vec<Item> = parsed.items().cloned().collect();
            prop_assert_eq!(&read[..], &items[..], "{:?}", form);
        }
    }
}

#[test]
fn a_file_without_items_is_read_as_none() {
    for form in [Form::Jsonl, Form::Csv, Form::Parquet] {
        let parsed = parse(&written(form, &[]), &format!("x.{}", form.ending()), None);
        assert_eq!((parsed.format, parsed.rows.len()), (Format::Weir, 0), "{form:?}");
    }
}
