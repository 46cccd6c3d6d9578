//! Laws that hold whatever the texts and values are.

use std::{collections::HashMap, sync::LazyLock};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use weir_core::{
    chat::{Answer, Message, Role, ToolCall},
    score::Verdict,
};

use crate::{
    Exchange, ExpectedTool, Reference, Scorer, ScorerSpec, canonical_json, compile, dataset, input_hash,
    judge::{self, JudgeSpec},
    spec::KINDS,
};

fn spec(kind: &str) -> ScorerSpec {
    let extra = match kind {
        "regex" => json!({"must_match": r"\w"}),
        "pattern_extract" => json!({"pattern": r"(\S+)"}),
        "match" => json!({"numeric": true}),
        "numeric_tolerance" => json!({"rel": 0.1, "find": "last"}),
        "json_schema" => json!({"schema": {"type": "object"}}),
        "word_count" | "sentence_count" | "step_count" => json!({"max": 3}),
        "latency_ms" | "ttft_ms" | "cost_usd" | "tokens" | "retries" => json!({"max": 3}),
        "tool_args_match" => json!({"tool": "*", "args": {}}),
        "expr" => json!({"expr": "size(answer) > 3 ? 0.5 : 2.0"}),
        "language" => json!({"language": "en"}),
        "readability" => json!({"formula": "lix", "max": 40}),
        "code_exec" => json!({"module": "(module (func (export \"_start\")))"}),
        "embedding_similarity" => json!({"model": "m"}),
        "webhook" => json!({"url": "https://hooks.example/"}),
        "judge" => json!({"model": "m", "template": "factuality"}),
        _ => json!({}),
    };
    let mut value = extra;
    value["kind"] = kind.into();
    ScorerSpec::parse(&value).unwrap()
}

/// Each kind compiled once: schemas and templates are slow to compile and these tests run thousands of cases.
static SCORERS: LazyLock<HashMap<&str, Scorer>> =
    LazyLock::new(|| KINDS.iter().map(|kind| (*kind, compile(&spec(kind)).unwrap())).collect());

/// The grade of an answer; `None` when unscored.
fn grade(kind: &str, answer: &str, expected: &Value) -> Option<f64> {
    let answer = Answer { text: answer.into(), ..Answer::default() };
    let reference = Reference::expecting(expected.clone());
    let exchange = Exchange::new(&[], &answer, Some(&reference));
    match SCORERS[kind].run(&exchange).verdict {
        Verdict::Scored { grade } => Some(grade.value()),
        Verdict::Unscored { .. } => None,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,8}".prop_map(Value::from),
        "[\\[{\"0-9]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,4}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,24}",
        "-?[0-9]{1,12}(\\.[0-9]{1,4})?(e[0-9]{1,3})?",
        any_json().prop_map(|value| value.to_string()),
    ]
}

/// Keys reversed at every level.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().rev().map(|(key, field)| (key.clone(), turned(field))).collect(),
        Value::Array(items) => items.iter().map(turned).collect(),
        leaf => leaf.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_grade_lies_between_zero_and_one(answer in any_text(), expected in any_json()) {
        for kind in KINDS {
            if let Some(grade) = grade(kind, &answer, &expected) {
                prop_assert!((0.0..=1.0).contains(&grade), "{kind} {grade}");
            }
        }
    }

    #[test]
    fn what_says_that_it_reads_no_prompt_grades_the_same_without_one(
        answer in any_text(), expected in any_json(), asked in any_text(),
    ) {
        let answer = Answer { text: answer, ..Answer::default() };
        let reference = Reference::expecting(expected);
        let prompt = [Message { role: Role::User, content: asked }];
        for kind in KINDS.iter().filter(|kind| !SCORERS[**kind].reads_prompt()) {
            let said = |messages| SCORERS[*kind].run(&Exchange::new(messages, &answer, Some(&reference))).verdict;
            prop_assert_eq!(said(&prompt[..]), said(&[]), "{}", kind);
        }
    }

    #[test]
    fn an_answer_that_is_its_text_reference_is_right(text in any_text()) {
        let expected = Value::from(text.clone());
        for kind in [
            "exact_match", "contains", "icontains", "starts_with", "ends_with", "match", "levenshtein", "levenshtein_max",
            "jaro", "jaro_winkler", "hamming", "ter", "json_diff",
        ] {
            prop_assert_eq!(grade(kind, &text, &expected), Some(1.0), "{}", kind);
        }
        if text.chars().any(|c| !c.is_whitespace() && !c.is_control()) {
            for kind in ["bleu", "gleu", "chrf"] {
                let grade = grade(kind, &text, &expected);
                prop_assert!(grade.is_some_and(|grade| grade > 1.0 - 1e-9), "{} {:?}", kind, grade);
            }
        }
    }

    #[test]
    fn an_answer_that_is_its_json_reference_is_right_in_any_key_order(value in any_json()) {
        prop_assume!(!value.is_null() && !value.is_string());
        let text = turned(&value).to_string();
        for kind in ["exact_match", "json_diff"] {
            prop_assert_eq!(grade(kind, &text, &value), Some(1.0), "{}", kind);
        }
        prop_assert_eq!(canonical_json(&turned(&value)), canonical_json(&value));
    }

    #[test]
    fn likeness_does_not_care_which_side_is_which(a in any_json(), b in any_json()) {
        let alike = a.is_object() && b.is_object() || a.is_array() && b.is_array();
        let (a, b) = if alike { (a, b) } else { (json!([a]), json!([b])) };
        let there = grade("json_diff", &a.to_string(), &b);
        let back = grade("json_diff", &b.to_string(), &a);
        match (there, back) {
            (Some(there), Some(back)) => prop_assert!((there - back).abs() < 1e-9, "{there} {back}"),
            other => prop_assert_eq!(other, (None, None)),
        }
    }

    #[test]
    fn word_and_letter_likeness_are_symmetric(a in "\\PC{1,30}", b in "\\PC{1,30}") {
        for kind in ["levenshtein", "levenshtein_max", "hamming", "gleu", "rouge", "f1_tokens"] {
            let there = grade(kind, &a, &Value::from(b.clone()));
            let back = grade(kind, &b, &Value::from(a.clone()));
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!((there - back).abs() < 1e-12, "{kind}: {there} {back}");
            }
        }
    }

    #[test]
    fn tool_calls_of_any_shape_are_graded_or_not_but_never_break(
        names in prop::collection::vec("[ab]{0,2}", 0..5),
        arguments in prop::collection::vec(any_text(), 5),
        wanted in prop::collection::vec(("[ab]{0,2}", prop::option::of(any_json())), 0..5),
    ) {
        let calls = names.into_iter().zip(arguments).map(|(name, arguments)| ToolCall { name, arguments });
        let answer = Answer { tool_calls: calls.collect(), ..Answer::default() };
        let tools = wanted.into_iter().map(|(name, arguments)| ExpectedTool { name, arguments }).collect();
        let reference = Reference { expected_tools: Some(tools), ..Reference::default() };
        let exchange = Exchange::new(&[], &answer, Some(&reference));
        for scorer in SCORERS.values() {
            if let Some(grade) = scorer.run(&exchange).value() {
                prop_assert!((0.0..=1.0).contains(&grade));
            }
        }
    }

    #[test]
    fn a_tool_call_that_is_as_wanted_is_right(calls in prop::collection::vec(("[a-c]", prop::collection::btree_map("[a-z]{1,3}", any_json(), 0..3)), 1..5)) {
        let object = |fields: &std::collections::BTreeMap<String, Value>| {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
        };
        let made = calls.iter().map(|(name, fields)| ToolCall { name: name.clone(), arguments: object(fields).to_string() });
        let answer = Answer { tool_calls: made.collect(), ..Answer::default() };
        let tools = calls.iter().map(|(name, fields)| ExpectedTool { name: name.clone(), arguments: Some(object(fields)) });
        let reference = Reference { expected_tools: Some(tools.collect()), ..Reference::default() };
        let exchange = Exchange::new(&[], &answer, Some(&reference));
        for kind in ["tool_call_f1", "tool_call_accuracy", "tool_correctness", "tool_sequence"] {
            prop_assert_eq!(SCORERS[kind].run(&exchange).value(), Some(1.0), "{}", kind);
        }
    }

    #[test]
    fn reading_a_file_never_panics_and_names_lines_in_it(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "x\\.(csv|jsonl|json|tsv)") {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        for row in dataset::parse(&bytes, &name, None).rows {
            prop_assert!((1..=lines + 1).contains(&row.line), "line {} of {lines}", row.line);
        }
    }

    #[test]
    fn a_mangled_dataset_keeps_its_good_rows(cut in 0_usize..200, junk in any::<u8>()) {
        let text = "{\"weir\":\"dataset.v1\"}\n{\"input\":\"one\"}\n{\"input\":\"two\"}\n{\"input\":\"three\"}\n";
        let mut bytes = text.as_bytes().to_vec();
        let at = cut % bytes.len();
        bytes[at] = junk;
        let parsed = dataset::parse(&bytes, "x.jsonl", None);
        prop_assert!(parsed.items().count() + parsed.bad().count() >= 2);
    }

    #[test]
    fn no_reply_without_the_nonce_is_a_grade(reply in any_text()) {
        for template in ["closed_qa", "g_eval", "faithfulness", "pairwise"] {
            let judge: JudgeSpec = serde_json::from_value(json!({"model": "m", "template": template})).unwrap();
            let question = judge::Question { swapped: false };
            prop_assert!(judge::read(&judge, question, 1, "5e1f", &reply).is_err());
        }
    }

    #[test]
    fn different_conversations_have_different_hashes(a in "\\S{1,8}", b in "\\S{1,8}") {
        let message = |content: &str| Message { role: Role::User, content: content.into() };
        prop_assume!(a != b);
        prop_assert_ne!(input_hash(&[message(&a)]), input_hash(&[message(&b)]));
        prop_assert_ne!(input_hash(&[message(&a), message(&b)]), input_hash(&[message(&format!("{a}{b}"))]));
    }
}

#[test]
fn every_kind_parses_compiles_and_survives_its_own_spelling() {
    let mut versions = Vec::new();
    for kind in KINDS {
        let spec = spec(kind);
        assert!(compile(&spec).is_ok(), "{kind}");
        let again = ScorerSpec::parse(&serde_json::to_value(&spec).unwrap()).unwrap();
        assert_eq!(again, spec);
        assert_eq!(again.version(), spec.version());
        assert_eq!(spec.version().len(), 12);
        versions.push(spec.version());
    }
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), KINDS.len());
}

#[test]
fn an_unknown_key_of_any_kind_is_refused() {
    for kind in KINDS {
        let mut value = serde_json::to_value(spec(kind)).unwrap();
        value["colour"] = "red".into();
        let error = ScorerSpec::parse(&value).unwrap_err().to_string();
        assert!(error.contains("colour"), "{kind}: {error}");
    }
}
