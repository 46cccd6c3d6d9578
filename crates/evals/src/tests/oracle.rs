//! Differential test: `vectors.jsonl` holds random cases with the score that the public package gave: autoevals 0.4.1
//! (`levenshtein`, `json_diff`, `numeric_diff`, `exact_match` in mode `autoevals`) and inspect-ai 0.3.285 (`f1_tokens`
//! unrounded, `match`, `exact_match` in mode `squad`).

use serde::Deserialize;
use serde_json::Value;
use weir_core::chat::Answer;

use crate::{Exchange, Reference, ScorerSpec, compile};

#[derive(Deserialize)]
struct Vector {
    scorer: Value,
    answer: String,
    expected: Value,
    score: f64,
}

#[test]
fn grades_equal_those_of_the_public_packages() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("vectors.jsonl").lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let scorer = compile(&ScorerSpec::parse(&vector.scorer).unwrap()).unwrap();
        let answer = Answer { text: vector.answer, ..Answer::default() };
        let reference = Reference::expecting(vector.expected);
        let exchange = Exchange { messages: &[], answer: &answer, reference: Some(&reference) };
        let outcome = scorer.run(&exchange);
        if outcome.value().is_none_or(|grade| (grade - vector.score).abs() > 1e-12) {
            wrong.push(format!("{line}\n  ours: {outcome:?}"));
        }
        count += 1;
    }
    assert!(count > 400);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
