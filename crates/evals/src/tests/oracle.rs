//! Differential test: `vectors.jsonl` holds random cases with the score that the public packages gave, in the versions
//! that `tests/oracle/requirements.txt` pins; `tests/oracle/generate.py` wrote it.

use serde::Deserialize;
use serde_json::Value;
use weir_core::chat::{Answer, ToolCall};

use crate::{Exchange, ExpectedTool, Reference, ScorerSpec, compile};

#[derive(Deserialize)]
struct Vector {
    scorer: Value,
    answer: String,
    expected: Value,
    /// What was called, and what should have been.
    #[serde(default)]
    called: Vec<ToolCall>,
    expected_tools: Option<Vec<ExpectedTool>>,
    #[serde(default)]
    context: Vec<String>,
    score: f64,
    raw: Option<f64>,
}

/// Lines on which we differ from the package, with what we say; and how many lines there were.
fn differences(vectors: &str) -> (Vec<String>, usize) {
    let close = |ours: Option<f64>, theirs: f64| ours.is_some_and(|ours| (ours - theirs).abs() <= 1e-9);
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in vectors.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        count += 1;
        let scorer = match ScorerSpec::parse(&vector.scorer).and_then(|spec| compile(&spec)) {
            Ok(scorer) => scorer,
            Err(error) => {
                wrong.push(format!("{line}\n  ours: {error}"));
                continue;
            }
        };
        let answer = Answer { text: vector.answer, tool_calls: vector.called, ..Answer::default() };
        let reference = Reference {
            context: vector.context,
            expected_tools: vector.expected_tools,
            ..Reference::expecting(vector.expected)
        };
        let exchange = Exchange::new(&[], &answer, Some(&reference));
        let outcome = scorer.run(&exchange);
        if !close(outcome.value(), vector.score) || vector.raw.is_some_and(|raw| !close(outcome.raw, raw)) {
            wrong.push(format!("{line}\n  ours: {outcome:?}"));
        }
    }
    (wrong, count)
}

#[test]
fn grades_equal_those_of_the_public_packages() {
    let (wrong, count) = differences(include_str!("vectors.jsonl"));
    assert!(count > 2000);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Any number of fresh cases, which `tests/oracle/generate.py --seed N --times M` writes.
#[test]
#[ignore = "needs the file that `python3 tests/oracle/generate.py --seed 1 --times 20` writes"]
fn grades_equal_those_of_the_public_packages_on_fresh_cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/oracle/fresh.jsonl");
    let (wrong, count) = differences(&std::fs::read_to_string(path).unwrap());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
