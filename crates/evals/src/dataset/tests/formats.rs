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
