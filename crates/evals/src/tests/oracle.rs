//! Differential test: `vectors.jsonl` holds random cases with the score that the public packages gave, in the versions
//! that `tests/oracle/requirements.txt` pins; `tests/oracle/generate.py` wrote it.

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
    raw: Option<f64>,
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
        let exchange = Exchange::new(&[], &answer, Some(&reference));
        let outcome = scorer.run(&exchange);
        let close = |ours: Option<f64>, theirs: f64| ours.is_some_and(|ours| (ours - theirs).abs() <= 1e-9);
        if !close(outcome.value(), vector.score) || vector.raw.is_some_and(|raw| !close(outcome.raw, raw)) {
            wrong.push(format!("{line}\n  ours: {outcome:?}"));
        }
        count += 1;
    }
    assert!(count > 2000);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
