mod formats;
mod round_trip;

use std::{
    io::Read,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;
use weir_core::chat::Role;

fn texts(parsed: &Parsed) -> Vec<(String, Option<String>)> {
    parsed.items().map(|item| (item.input.last().unwrap().content.clone(), item.expected_text())).collect()
}

fn pair(input: &str, expected: &str) -> (String, Option<String>) {
    (input.into(), Some(expected.into()))
}

const WEIR: &str = r#"{"weir":"dataset.v1","name":"x","workload":"maths","system":"Be brief.","splits":["policy","heldout"]}
{"id":"a","input":"1+1?","expected":2}

{"input":{"messages":[{"role":"user","content":"2+2?"}]},"expected":{"text":"4"},"split":"heldout","weight":2}
not json
{"input":"3+3?","colour":"red"}
{"id":"a","input":"other","expected":2}
"#;

#[test]
fn the_canonical_form_is_read_with_its_header_and_bad_rows_cost_only_themselves() {
    let parsed = parse(WEIR.as_bytes(), "x.jsonl", None);
    assert_eq!(parsed.format, Format::Weir);
    assert_eq!(parsed.header.as_ref().unwrap().name.as_deref(), Some("x"));
    assert_eq!(texts(&parsed), [pair("1+1?", "2"), pair("2+2?", "4")]);
    let items: Vec<&Item> = parsed.items().collect();
    assert_eq!(items[0].input[0].role, Role::System);
    assert_eq!(items[0].split, None, "splits are dealt out when the file is taken in");
    assert_eq!(items[1].split.as_deref(), Some("heldout"));
    assert_eq!(items[1].id.len(), 16);
    let bad: Vec<(u64, bool)> = parsed
        .bad()
        .map(|error| {
            (
                error.line,
                error.message.contains("JSON") || error.message.contains("colour") || error.message.contains("line 2"),
            )
        })
        .collect();
    assert_eq!(bad, [(5, true), (6, true), (7, true)]);
}

#[test]
fn an_item_survives_serialisation_with_its_hash() {
    let parsed = parse(WEIR.as_bytes(), "x.jsonl", None);
    for item in parsed.items() {
        let line = serde_json::to_string(item).unwrap();
        let again: Item = serde_json::from_str(&line).unwrap();
        assert_eq!(again, *item);
        assert_eq!(again.hash(), item.hash());
    }
}

#[test]
fn columns_of_csv_are_guessed_or_given() {
    let text = "Question;Answer;Topic\n\"What, is 1+1?\";2;sums\nbroken\n3+3?;6;\n";
    let parsed = parse(text.as_bytes(), "x.csv", None);
    assert_eq!(parsed.format, Format::Csv);
    assert_eq!(parsed.columns, ["Question", "Answer", "Topic"]);
    assert_eq!(parsed.mapping.input.as_deref(), Some("Question"));
    assert_eq!(texts(&parsed), [pair("What, is 1+1?", "2"), pair("3+3?", "6")]);
    assert_eq!(parsed.items().next().unwrap().metadata["Topic"], "sums");
    let bad = parsed.bad().next().unwrap();
    assert_eq!((bad.line, bad.message.as_str()), (3, "found 1 cells, the header has 3"));

    let given: Mapping = "input:Topic, expected:Question".parse().unwrap();
    let parsed = parse(text.as_bytes(), "x.csv", Some(&given));
    assert_eq!(texts(&parsed), [pair("sums", "What, is 1+1?")]);
    assert!(parsed.bad().any(|error| error.line == 4 && error.column.as_deref() == Some("Topic")));
    assert!("inptu:x".parse::<Mapping>().unwrap_err().to_string().contains("did you mean `input`"));
}

#[test]
fn json_cells_and_lists_keep_their_structure() {
    let parsed = parse(b"input,expected\nx,\"{\"\"a\"\":1}\"\n", "x.csv", None);
    assert_eq!(parsed.items().next().unwrap().expected, Some(serde_json::json!({"a": 1})));
    let parsed = parse(
        b"[\n {\"question\": \"1?\", \"answer\": 1},\n {\"answer\": 2},\n {\"question\": \"3?\", \"answer\": 3} oops ]",
        "x.json",
        None,
    );
    assert_eq!(parsed.format, Format::JsonArray);
    assert_eq!(texts(&parsed), [pair("1?", "1"), pair("3?", "3")]);
    assert_eq!(parsed.bad().map(|error| error.line).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn openai_evals_lines_are_recognised() {
    let oss = br#"{"input":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"ideal":["a","b"]}"#;
    let parsed = parse(oss, "samples.jsonl", None);
    assert_eq!(parsed.format, Format::OpenaiEvals);
    assert_eq!(texts(&parsed), [pair("q", r#"["a","b"]"#)]);
    let hosted = br#"{"item":{"question":"q","ground_truth":"a"}}"#;
    let parsed = parse(hosted, "samples.jsonl", None);
    assert_eq!(parsed.format, Format::OpenaiEvals);
    assert_eq!(texts(&parsed), [pair("q", "a")]);
}

#[test]
fn promptfoo_cases_are_recognised_and_other_assertions_kept() {
    let text = r#"{"tests": [
        {"vars": {"question": "q", "lang": "en"}, "assert": [{"type": "equals", "value": "a"}]},
        {"vars": {"q": "x"}, "assert": [{"type": "latency", "threshold": 5}]},
        {"vars": {"topic": "y"}, "assert": [{"type": "llm-rubric", "value": "is kind"}]},
        {"vars": {"a": "1", "b": "2"}}
    ]}"#;
    let parsed = parse(text.as_bytes(), "promptfoo.json", None);
    assert_eq!(parsed.format, Format::Promptfoo);
    let items: Vec<&Item> = parsed.items().collect();
    assert_eq!(items[0].expected_text().as_deref(), Some("a"));
    assert_eq!(items[0].metadata["lang"], "en");
    assert_eq!(items[1].metadata["assert"][0]["threshold"], 5);
    assert_eq!(items[2].criteria.as_deref(), Some("is kind"));
    assert_eq!(parsed.bad().map(|error| error.line).collect::<Vec<_>>(), [5]);
}

#[test]
fn hostile_rows_are_reported_by_line() {
    let mut bytes = b"{\"input\":\"a\"}\n{\"input\":\"\xff\"}\n".to_vec();
    bytes.extend(format!("{{\"input\":\"{}\"}}\n", "x".repeat(ROW_LIMIT)).bytes());
    bytes.extend(format!("{{\"input\":\"d\",\"deep\":{}\n", "[".repeat(10_000)).bytes());
    bytes.extend(b"{\"input\":\"  \"}\n{\"input\":\"e\"}");
    let parsed = parse(&bytes, "x.jsonl", None);
    assert_eq!(texts(&parsed).len(), 2);
    assert_eq!(parsed.bad().map(|error| error.line).collect::<Vec<_>>(), [2, 3, 4, 5]);

    let parsed = parse(b"input,expected\na,\xff\nb,2\n", "x.csv", None);
    assert_eq!(parsed.bad().map(|error| error.line).collect::<Vec<_>>(), [2]);
    assert_eq!(texts(&parsed), [pair("b", "2")]);
}

#[test]
fn a_quoted_cell_without_end_is_read_no_further_than_a_row_may_be_long() {
    // Its reader counts what it gave: a file of a quote and then anything would be one row.
    struct Endless<'a>(&'a AtomicUsize);
    impl Read for Endless<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            into.fill(b'x');
            self.0.fetch_add(into.len(), Ordering::Relaxed);
            Ok(into.len())
        }
    }
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    for head in ["input,expected\na,1\n\"b", "\"input"] {
        GIVEN.store(0, Ordering::Relaxed);
        let endless = head.as_bytes().chain(Endless(&GIVEN));
        let told = match containers::csv(endless, b',') {
            Ok((_, rows)) => rows.filter_map(|(_, row)| row.err()).map(|error| error.to_string()).collect::<String>(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains("more bytes than the limit") && told.contains("nothing after it is read"), "{told}");
        assert!(GIVEN.load(Ordering::Relaxed) < 2 * ROW_LIMIT, "{head}");
    }
}

#[test]
fn files_that_are_no_dataset_are_one_bad_row() {
    for (bytes, name) in [
        (&b""[..], "x.jsonl"),
        (b" \n", "x.csv"),
        (b"tests:\n  - vars: {}", "promptfooconfig.yaml"),
        (b"PAR1....", "x.parquet"),
        (b"PAR", "x.parquet"),
        (b"a,b", "x.parquet"),
        (b"[1, 2", "x.json"),
    ] {
        let parsed = parse(bytes, name, None);
        assert!(parsed.items().next().is_none() && parsed.bad().next().is_some(), "{name}");
    }
    let cut = parse(b"PAR", "TRAIN.PARQUET", None);
    assert!(cut.bad().next().unwrap().message.contains("begins and ends with `PAR1`"));
}

#[test]
fn splits_follow_clusters() {
    let splits = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let mut intake = Intake::new(None, splits.to_vec());
    let many: Vec<Item> = (0..300)
        .filter_map(|n| {
            let mut item = Item::new(vec![weir_core::chat::Message { role: Role::User, content: format!("q{n}") }]);
            item.cluster = Some(format!("c{}", n / 10));
            intake.take(Row { line: n, result: Ok(item) })
        })
        .collect();
    for cluster in many.chunks(10) {
        assert!(cluster.iter().all(|item| item.split == cluster[0].split));
    }
    assert!(splits.iter().all(|split| many.iter().any(|item| item.split.as_ref() == Some(split))));
}

#[test]
fn labels_source_and_tools_stay_where_they_are_and_tools_stand_beside_the_input() {
    let text = r#"{"weir":"dataset.v1"}
{"input":{"messages":[{"role":"user","content":"q"}],"tools":[{"name":"t"}]},"expected_tools":["t"],"labels":[{"scorer":"f","value":1}],"source":{"span_id":"s"},"metadata":{"x":1}}"#;
    let parsed = parse(text.as_bytes(), "x.jsonl", None);
    let item = parsed.items().next().unwrap();
    assert_eq!(item.tools, [serde_json::json!({"name": "t"})]);
    assert_eq!(item.labels, [serde_json::json!({"scorer": "f", "value": 1})]);
    assert_eq!(item.source["span_id"], "s");
    assert_eq!(item.expected_tools.as_ref().unwrap()[0].name, "t");
    assert_eq!(Value::Object(item.metadata.clone()), serde_json::json!({"x": 1}));
}
