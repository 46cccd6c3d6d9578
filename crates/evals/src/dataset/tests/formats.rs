//! One file of each product, in the shape it has there.

use super::super::*;
use serde_json::json;
use weir_core::chat::Role;

fn read(name: &str, bytes: &[u8]) -> (Format, Vec<Item>, Vec<(u64, String)>) {
    let parsed = parse(bytes, name, None);
    let bad = parsed.bad().map(|error| (error.line, error.message.clone())).collect();
    (parsed.format, parsed.items().cloned().collect(), bad)
}

/// The question, the answer and the id.
fn told(item: &Item) -> (String, Option<String>) {
    (item.input.last().unwrap().content.clone(), item.expected_text())
}

fn pair(question: &str, answer: &str) -> (String, Option<String>) {
    (question.to_owned(), Some(answer.to_owned()))
}

#[test]
fn promptfoo_in_yaml_with_what_its_cases_share() {
    let (format, items, bad) = read("promptfooconfig.yaml", include_bytes!("../fixtures/promptfoo.yaml"));
    assert_eq!((format, items.len()), (Format::Promptfoo, 2), "{bad:?}");
    assert_eq!(told(&items[0]), pair("How do I get my money back?", "Within 14 days, by the form on our page."));
    assert_eq!(items[0].metadata["tone"], "friendly");
    // What no item can say stays with it, for a suite.
    let kinds: Vec<_> = items[0].metadata["assert"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds, ["cost", "latency"]);
    assert_eq!(items[1].criteria.as_deref(), Some("Says sorry and asks for the order number."));
    assert_eq!(items[1].metadata["topic"], "shipping");
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].0, 31, "{bad:?}");
}

#[test]
fn promptfoo_in_csv() {
    let (format, items, bad) = read("tests.csv", include_bytes!("../fixtures/promptfoo.csv"));
    assert_eq!((format, bad.len()), (Format::Promptfoo, 0), "{bad:?}");
    assert_eq!(told(&items[0]), pair("What is 2+2?", "4"));
    assert_eq!((&items[0].metadata["topic"], &items[0].metadata["lang"]), (&json!("sums"), &json!("en")));
    assert_eq!(items[0].metadata["assert"], json!([{"type": "contains", "value": "four"}]));
    assert_eq!(told(&items[1]), pair("Note: where are you?", "Berlin"));
}

#[test]
fn assertions_of_promptfoo_that_need_no_value_are_no_answers_and_lists_of_metadata_are_lists() {
    let file = "question,__expected1,__expected2,__metadata:tags[],__metadata:topic\n\
        How?,is-json,not-is-refusal,\"a, b\\,c\",geo\nWhy?,grade: is kind,\"contains-json\",,\nWhich?,is-json: no,is json,,\n";
    let (format, items, bad) = read("tests.csv", file.as_bytes());
    assert_eq!((format, bad.len(), items.len()), (Format::Promptfoo, 0, 3), "{bad:?}");
    assert_eq!((&items[0].expected, &items[0].metadata["tags"]), (&None, &json!(["a", "b,c"])));
    assert_eq!(items[0].metadata["assert"], json!([{"type": "is-json"}, {"type": "not-is-refusal"}]));
    assert_eq!((items[1].criteria.as_deref(), items[1].expected.clone()), (Some("is kind"), None));
    assert_eq!(items[2].expected, Some(json!("is json")));
}

#[test]
fn spreadsheets_in_utf_16_are_read_and_other_encodings_told() {
    let text = "input,expected\r\n\u{dc}ber?,ja\r\n\u{1f600},\u{65e5}\u{672c}\r\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = [0xfeff_u16].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = [0xfeff_u16].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [&little, &big] {
        let (format, items, bad) = read("faq.csv", bytes);
        assert_eq!((format, items.len(), bad.len()), (Format::Csv, 2, 0), "{bad:?}");
        assert_eq!(told(&items[0]), pair("\u{dc}ber?", "ja"));
        assert_eq!(told(&items[1]), pair("\u{1f600}", "\u{65e5}\u{672c}"));
    }
    let tabbed: Vec<u8> =
        [0xfeff_u16].into_iter().chain(text.replace(',', "\t").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read("faq.txt", &tabbed).1.len(), 2);
    let (_, items, bad) = read("faq.csv", &little[..little.len() - 1]);
    assert!(items.is_empty() && bad[0].1.contains("UTF-16"), "{bad:?}");
    let (_, items, bad) = read("faq.csv", b"input,expected\n\xdcber?,ja\nwhy?,so\n");
    assert!(items.len() == 1 && bad[0].0 == 2 && bad[0].1.contains("UTF-8"), "{bad:?}");
}

#[test]
fn both_forms_of_openai_evals() {
    let (format, items, _) = read("data.jsonl", include_bytes!("../fixtures/openai_hosted.jsonl"));
    assert_eq!((format, told(&items[0])), (Format::OpenaiEvals, pair("Which category is it?", "Hardware")));
    assert_eq!(items[0].metadata["sample"]["output_text"], "Hardware");
    assert_eq!(items[0].metadata["ticket_text"], "My monitor won't turn on!");
    let (format, items, _) = read("samples.jsonl", include_bytes!("../fixtures/openai_samples.jsonl"));
    assert_eq!((format, items.len()), (Format::OpenaiEvals, 2));
    assert_eq!((items[0].input[0].role, items[0].expected.clone()), (Role::System, Some(json!(["time", "time."]))));
    assert_eq!(told(&items[1]), pair("The first US president was ", "George Washington"));
}

#[test]
fn braintrust_rows() {
    let (format, items, bad) = read("dataset.jsonl", include_bytes!("../fixtures/braintrust.jsonl"));
    assert_eq!((format, bad.len()), (Format::Braintrust, 0));
    assert_eq!(told(&items[0]), pair("How long is the warranty?", "Two years."));
    assert_eq!((items[0].id.as_str(), items[0].tags.len()), ("2f4b7d0e-9c1a-4d36-8f3c-1f8a2b6f7c10", 2));
    assert_eq!(items[0].metadata["input"]["locale"], "en-GB");
    assert_eq!(items[1].source["object_type"], "project_logs");
}

#[test]
fn langfuse_items_without_the_archived() {
    let (format, items, bad) = read("items.json", include_bytes!("../fixtures/langfuse.json"));
    assert_eq!((format, items.len()), (Format::Langfuse, 1));
    assert_eq!((told(&items[0]), items[0].id.as_str()), (pair("What is the capital of France?", "Paris"), "clw8x1"));
    assert_eq!((&items[0].source["trace_id"], &items[0].metadata["difficulty"]), (&json!("trace-77"), &json!("easy")));
    assert_eq!(bad, [(16, "the item is archived".to_owned())]);
}

#[test]
fn phoenix_examples_from_its_api_and_its_csv_are_the_same() {
    let (format, items, bad) = read("examples.json", include_bytes!("../fixtures/phoenix.json"));
    assert_eq!((format, bad.len()), (Format::Phoenix, 0), "{bad:?}");
    assert_eq!(told(&items[0]), pair("Who wrote Faust?", "Goethe"));
    assert_eq!(items[0].metadata["topic"], "literature");
    let (format, again, _) = read("dataset.csv", include_bytes!("../fixtures/phoenix.csv"));
    assert_eq!((format, again[0].hash()), (Format::Phoenix, items[0].hash()), "{again:?}");
}

#[test]
fn inspect_samples() {
    let (format, items, _) = read("samples.jsonl", include_bytes!("../fixtures/inspect.jsonl"));
    assert_eq!(
        (format, told(&items[0])),
        (Format::Inspect, pair("Which planet is the largest?\n\nA) Mars\nB) Jupiter\nC) Venus", "B"))
    );
    assert_eq!((items[0].id.as_str(), &items[0].metadata["choices"][1]), ("1", &json!("Jupiter")));
    assert_eq!(items[0].metadata["category"], "astronomy");
    assert_eq!(
        (items[1].expected.clone(), &items[1].metadata["sandbox"]),
        (Some(json!(["yes", "Yes."])), &json!("docker"))
    );
}

#[test]
fn deepeval_goldens_and_conversations() {
    let (format, items, bad) = read("goldens.json", include_bytes!("../fixtures/deepeval.json"));
    assert_eq!((format, items.len()), (Format::Deepeval, 2), "{bad:?}");
    assert_eq!(told(&items[0]), pair("Can I change my flight?", "Yes, until 24 hours before departure."));
    assert_eq!((items[0].context.len(), &items[0].metadata["author"]), (2, &json!("qa")));
    let tool = &items[0].expected_tools.as_ref().unwrap()[0];
    assert_eq!((tool.name.as_str(), tool.arguments.clone()), ("find_booking", Some(json!({"code": "XY12"}))));
    assert_eq!(items[1].criteria.as_deref(), Some("The guest is told the code of the key box."));
    assert_eq!(told(&items[1]).0, "We arrive at midnight.");
}

#[test]
fn passages_in_one_cell_of_deepevals_are_parted_as_they_were_joined() {
    let cell = |cell: &str, map: Option<&str>| {
        let file = format!("input,actual_output,expected_output,context\nq,a,e,\"{}\"\n", cell.replace('"', "\"\""));
        let mapping = map.map(|map| map.parse().unwrap());
        let parsed = parse(file.as_bytes(), "goldens.csv", mapping.as_ref());
        assert_eq!(parsed.format, Format::Deepeval, "{cell}");
        parsed.items().next().unwrap().context.clone()
    };
    for (text, map, want) in [
        ("one|two; and more| three", None, vec!["one", "two; and more", "three"]),
        ("one;two;three", None, vec!["one", "two", "three"]),
        ("It rains; it pours", None, vec!["It rains; it pours"]),
        (r#"["a|b", "c;d"]"#, None, vec!["a|b", "c;d"]),
        ("one; two | three", Some("separator:;"), vec!["one", "two | three"]),
        ("one;two|three", Some("separator:|"), vec!["one;two", "three"]),
        ("", None, vec![]),
    ] {
        assert_eq!(cell(text, map), want, "{text}");
    }
    // The same of a file that is nobody's.
    let plain = "question,answer,passages\nq,a,one;two\n";
    let context = |map: &str| {
        let parsed = parse(plain.as_bytes(), "x.csv", Some(&map.parse().unwrap()));
        parsed.items().next().unwrap().context.clone()
    };
    assert_eq!(context("separator:;"), ["one", "two"]);
    assert_eq!(context("context:passages"), ["one;two"]);
    assert_eq!(context("context:passages,separator:;"), ["one", "two"]);
    let wrong = "seperator:;".parse::<Mapping>().unwrap_err();
    assert!(wrong.message.contains("`separator`"), "{wrong}");
}

#[test]
fn ragas_samples_of_one_turn_and_of_several() {
    let (format, items, bad) = read("testset.jsonl", include_bytes!("../fixtures/ragas.jsonl"));
    assert_eq!((format, bad.len()), (Format::Ragas, 0), "{bad:?}");
    assert_eq!(told(&items[0]), pair("When was the first super bowl?", "January 15, 1967"));
    assert_eq!(
        (items[0].context.len(), items[0].criteria.as_deref()),
        (1, Some("score1_description: wrong\nscore5_description: right"))
    );
    let roles: Vec<_> = items[1].input.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool]);
    assert_eq!(items[1].expected_tools.as_ref().unwrap()[0].arguments, Some(json!({"city": "Oslo"})));
}

#[test]
fn parquet_of_somebody_else_goes_through_the_mapping() {
    let parsed = parse(include_bytes!("../fixtures/hub.parquet"), "train-00000-of-00001.parquet", None);
    assert_eq!(parsed.format, Format::Parquet);
    assert_eq!(parsed.columns, ["question", "answers", "answer", "context", "level"]);
    let items: Vec<&Item> = parsed.items().collect();
    assert_eq!(told(items[0]), pair("What is the boiling point of water?", "100 degrees Celsius"));
    assert_eq!(items[0].context, ["Water boils at 100 degrees Celsius at sea level."]);
    assert_eq!((&items[0].metadata["level"], &items[0].metadata["answers"]["answer_start"]), (&json!(1), &json!([3])));
    let given: Mapping = "input:answer".parse().unwrap();
    let parsed = parse(include_bytes!("../fixtures/hub.parquet"), "x", Some(&given));
    assert_eq!(parsed.items().nth(1).unwrap().input[0].content, "Picasso");
}

#[test]
fn a_damaged_file_of_any_kind_is_rows_that_say_so() {
    let files: [(&str, &[u8]); 5] = [
        ("x.parquet", include_bytes!("../fixtures/hub.parquet")),
        ("x.yaml", include_bytes!("../fixtures/promptfoo.yaml")),
        ("x.json", include_bytes!("../fixtures/langfuse.json")),
        ("x.jsonl", include_bytes!("../fixtures/ragas.jsonl")),
        ("x.csv", include_bytes!("../fixtures/promptfoo.csv")),
    ];
    for (name, bytes) in files {
        for cut in (0..bytes.len()).step_by(97) {
            let parsed = parse(&bytes[..cut], name, None);
            assert!(parsed.rows.iter().all(|row| row.line > 0), "{name} cut at {cut}");
            let mut turned = bytes.to_vec();
            turned[cut] ^= 0x55;
            assert!(parse(&turned, name, None).rows.iter().all(|row| row.line > 0), "{name} turned at {cut}");
        }
    }
    let parsed = parse(b"tests: file://cases.csv\n", "x.yaml", None);
    assert!(parsed.bad().next().unwrap().message.contains("file://cases.csv"));
    assert!(parse(b"PK\x03\x04", "x.xlsx", None).bad().next().unwrap().message.contains("spreadsheet"));
}

#[test]
fn what_products_put_into_their_files_by_their_own_ways_is_read_as_meant() {
    let one = |name: &str, text: &str| {
        let (format, items, bad) = read(name, text.as_bytes());
        assert!(bad.is_empty(), "{bad:?}");
        (format, items.into_iter().next().unwrap())
    };
    let hosted = "{\"item\": {\"ticket_text\": \"No picture\", \"correct_label\": \"Hardware\"}}";
    let (format, item) = one("evals.jsonl", hosted);
    assert_eq!((format, told(&item)), (Format::OpenaiEvals, pair("No picture", "Hardware")));
    let quoted = "id,createdAt,input,expectedOutput,status\nx,2026,\"\"\"How?\"\"\",\"\"\"So.\"\"\",ACTIVE\n";
    let (format, item) = one("items.csv", quoted);
    assert_eq!((format, told(&item)), (Format::Langfuse, pair("How?", "So.")));
    let joined = "input,actual_output,expected_output,context\nWhen?,,Soon,One.|Two.\n";
    let (format, item) = one("goldens.csv", joined);
    assert_eq!((format, item.context.len()), (Format::Deepeval, 2));
    let training =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Who?\"},{\"role\":\"assistant\",\"content\":\"Me\"}]}";
    let (_, item) = one("train.jsonl", training);
    assert_eq!((told(&item), item.input.len()), (pair("Who?", "Me"), 1));
    let (_, item) =
        one("alpaca.jsonl", "{\"instruction\":\"Say it in French\",\"input\":\"Hello\",\"output\":\"Bonjour\"}");
    assert_eq!((item.input[0].role, told(&item).1), (Role::System, pair("", "Bonjour").1));
}

#[test]
fn parquet_is_read_whatever_packs_it_with_what_is_nested_and_what_is_missing() {
    let files: [(&str, &[u8]); 5] = [
        ("gzip", include_bytes!("../fixtures/variants-gzip.parquet")),
        ("brotli", include_bytes!("../fixtures/variants-brotli.parquet")),
        ("lz4", include_bytes!("../fixtures/variants-lz4.parquet")),
        ("zstd", include_bytes!("../fixtures/variants-zstd.parquet")),
        ("delta", include_bytes!("../fixtures/variants-delta.parquet")),
    ];
    for (name, bytes) in files {
        let parsed = parse(bytes, "x.parquet", None);
        let bad: Vec<_> = parsed.bad().map(|error| error.line).collect();
        assert_eq!(bad, [2], "{name}: a row without a question");
        let items: Vec<&Item> = parsed.items().collect();
        assert_eq!((told(items[0]), told(items[1])), (pair("q0", "a"), pair("q2", "a")), "{name}");
        assert_eq!(
            (items[0].context.as_slice(), items[1].context.len()),
            (["c0".to_owned(), "c1".into()].as_slice(), 0)
        );
        let kept = &items[0].metadata;
        // JSON has no number for what is none.
        assert_eq!(kept["meta"], json!({"k": 1, "s": {"x": [1.5, null, null]}}), "{name}");
        assert_eq!(kept["marks"]["a"], json!("bytes"), "{name}: {kept:?}");
        assert_eq!((&kept["grid"], &kept["big"]), (&json!([[1], [2, 3]]), &json!(u64::MAX)), "{name}");
        assert_eq!(items[1].metadata["meta"], json!({"k": null, "s": null}), "{name}");
    }
    let whole: &[u8] = include_bytes!("../fixtures/variants-gzip.parquet");
    for cut in [0, 100, whole.len() / 2, whole.len() - 1] {
        let parsed = parse(&whole[..cut], "x.parquet", None);
        assert_eq!((parsed.items().count(), parsed.bad().count() > 0), (0, true), "{cut}");
    }
}
