//! The shipped datasets and suites hold what they promise.

use std::collections::HashSet;

use serde_json::Value;
use weir_core::chat::Answer;

use crate::{
    Exchange, Scorer, compile,
    dataset::{self, Format, Item, Parsed},
    shipped::{SAMPLE_CSV, SHIPPED, Shipped},
    suite::{Quality, Suite},
};

fn parsed(shipped: &Shipped) -> Parsed {
    dataset::parse(shipped.dataset.as_bytes(), shipped.name, None)
}

fn quality(shipped: &Shipped) -> Scorer {
    let suite = Suite::parse(shipped.suite, shipped.name, &|name| Err(name.to_owned())).unwrap();
    assert_eq!(suite.workload, shipped.name);
    let Quality::Scorer(name) = &suite.quality else { panic!("{suite:?}") };
    compile(suite.scorer(name).unwrap()).unwrap()
}

fn grade(scorer: &Scorer, item: &Item, text: String) -> f64 {
    let answer = Answer { text, ..Answer::default() };
    let reference = item.reference();
    let exchange = Exchange::new(&item.input, &answer, Some(&reference));
    scorer.run(&exchange).value().unwrap()
}

/// The expected answer, wrong in one place.
fn altered(item: &Item, other: &Item) -> String {
    match item.expected.clone().unwrap() {
        Value::Number(number) => (number.as_f64().unwrap() + 1.0).to_string(),
        Value::Object(mut fields) => {
            let first = fields.keys().next().unwrap().clone();
            fields.insert(first, "someone else".into());
            Value::Object(fields).to_string()
        }
        _ => other.expected_text().unwrap(),
    }
}

#[test]
fn every_shipped_dataset_parses_without_a_bad_row() {
    for (shipped, least) in SHIPPED.iter().zip([150, 120, 150]) {
        let parsed = parsed(shipped);
        assert_eq!(parsed.format, Format::Weir);
        assert_eq!(parsed.bad().next(), None);
        let header = parsed.header.as_ref().unwrap();
        assert_eq!(header.workload.as_deref(), Some(shipped.name));
        assert!(header.description.is_some());

        let items: Vec<&Item> = parsed.items().collect();
        assert!(items.len() >= least, "{} has {}", shipped.name, items.len());
        let ids: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let inputs: HashSet<String> = items.iter().map(|item| item.input_hash()).collect();
        assert_eq!((ids.len(), inputs.len()), (items.len(), items.len()));
        assert!(shipped.dataset.is_ascii());
    }
}

#[test]
fn the_deciding_scorer_gives_one_to_the_reference_and_less_to_an_altered_one() {
    for shipped in SHIPPED {
        let (parsed, scorer) = (parsed(shipped), quality(shipped));
        let items: Vec<&Item> = parsed.items().collect();
        for item in &items {
            assert_eq!(grade(&scorer, item, item.expected_text().unwrap()), 1.0, "{}", item.id);
            let other = items.iter().find(|other| other.expected != item.expected).unwrap();
            assert!(grade(&scorer, item, altered(item, other)) < 1.0, "{}", item.id);
        }
    }
}

#[test]
fn the_sample_csv_imports_without_a_mapping() {
    let parsed = dataset::parse(SAMPLE_CSV.as_bytes(), "sample.csv", None);
    assert_eq!(parsed.bad().next(), None);
    assert_eq!(parsed.mapping.input.as_deref(), Some("question"));
    assert_eq!(parsed.mapping.expected.as_deref(), Some("answer"));
    assert!(parsed.items().all(|item| item.expected.is_some()));
}
