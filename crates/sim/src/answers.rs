//! The answer key: what is right, and how a weak model goes wrong on it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;
use weir_core::entropy::mix;

use crate::sums;

/// Labels kept for each workload, to be wrong with.
const MAX_LABELS: usize = 32;
/// Sums whose askings are counted; any other is answered as if asked for the first time.
const MAX_SUMS: usize = 4_096;
/// Whose traffic a sum is.
const SUMS: &str = "sums";

/// A prompt that the simulator knows the answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose traffic it is: picks the model's quality.
    pub workload: String,
    /// The last user message, compared after trimming.
    pub prompt: String,
    /// The right answer, given verbatim.
    pub expected: String,
    /// Wrong answers to choose from; when empty they are made up by `kind`.
    pub wrong: Vec<String>,
    /// How to go wrong.
    pub kind: Kind,
}

/// What an answer is, which decides how a wrong one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number: off by a little.
    Number,
    /// JSON: a field missing or changed, or fenced in prose.
    Json,
    /// One of a few words: another one of the workload.
    Label,
    /// Anything else: cut short.
    Text,
}

impl Entry {
    /// An entry whose kind is read off its answer.
    #[must_use]
    pub fn new(workload: impl Into<String>, prompt: impl Into<String>, expected: impl Into<String>) -> Self {
        let expected = expected.into();
        let text = expected.trim();
        let kind = if text.parse::<f64>().is_ok() {
            Kind::Number
        } else if text.starts_with(['{', '[']) {
            Kind::Json
        } else if text.split_whitespace().count() <= 3 {
            Kind::Label
        } else {
            Kind::Text
        };
        Self { workload: workload.into(), prompt: prompt.into(), expected, wrong: Vec::new(), kind }
    }
    /// With these wrong answers to choose from.
    #[must_use]
    pub fn wrong(mut self, wrong: impl IntoIterator<Item = String>) -> Self {
        self.wrong = wrong.into_iter().collect();
        self
    }
}

/// An entry with how often each model was asked it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) entry: Entry,
    asked: Vec<AtomicU64>,
}

impl Known {
    /// How often the model with this index was asked before.
    pub(crate) fn ask(&self, model: usize) -> u64 {
        self.asked.get(model).map_or(0, |count| count.fetch_add(1, Ordering::Relaxed))
    }
}

/// All entries, by prompt, and the sums that were asked.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    models: usize,
    known: HashMap<String, Arc<Known>>,
    labels: HashMap<String, Vec<String>>,
    sums: Mutex<HashMap<String, Arc<Known>>>,
}

impl Answers {
    /// Of so many models.
    pub(crate) fn new(models: usize) -> Self {
        Self { models, ..Self::default() }
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        let labels = self.labels.entry(entry.workload.clone()).or_default();
        if entry.kind == Kind::Label && labels.len() < MAX_LABELS && !labels.contains(&entry.expected) {
            labels.push(entry.expected.clone());
        }
        self.known.insert(entry.prompt.trim().to_owned(), self.known(entry));
    }

    fn known(&self, entry: Entry) -> Arc<Known> {
        Arc::new(Known { entry, asked: (0..self.models).map(|_| AtomicU64::new(0)).collect() })
    }

    pub(crate) fn find(&self, prompt: &str) -> Option<Arc<Known>> {
        let prompt = prompt.trim();
        self.known.get(prompt).cloned().or_else(|| self.sum(prompt))
    }

    fn sum(&self, prompt: &str) -> Option<Arc<Known>> {
        let result = sums::result(prompt)?;
        let mut asked = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = asked.get(prompt) {
            return Some(Arc::clone(known));
        }
        let known = self.known(Entry::new(SUMS, prompt, result.to_string()));
        if asked.len() < MAX_SUMS {
            asked.insert(prompt.to_owned(), Arc::clone(&known));
        }
        Some(known)
    }

    /// A plausible wrong answer; `draw` picks which. Never equal to the right one.
    pub(crate) fn wrong(&self, entry: &Entry, draw: u64) -> String {
        if let Some(wrong) = pick(&entry.wrong, draw) {
            return wrong.clone();
        }
        match entry.kind {
            Kind::Number => off_by_a_little(&entry.expected, draw),
            Kind::Json => broken_json(&entry.expected, draw),
            Kind::Label => self.other_label(entry, draw),
            Kind::Text => cut_short(&entry.expected),
        }
    }

    fn other_label(&self, entry: &Entry, draw: u64) -> String {
        let labels = self.labels.get(&entry.workload);
        let others: Vec<&String> = labels.into_iter().flatten().filter(|label| **label != entry.expected).collect();
        match pick(&others, draw) {
            Some(label) => (*label).clone(),
            None => format!("not {}", entry.expected),
        }
    }
}

fn pick<T>(from: &[T], draw: u64) -> Option<&T> {
    let index = draw.checked_rem(from.len() as u64)?;
    from.get(usize::try_from(index).ok()?)
}

fn off_by_a_little(expected: &str, draw: u64) -> String {
    let text = expected.trim();
    let step = 1 + (draw >> 8) % 9;
    let step = if draw.is_multiple_of(2) { step as f64 } else { -(step as f64) };
    match text.parse::<f64>() {
        Ok(number) if text.contains('.') => {
            let decimals = text.rsplit('.').next().map_or(0, str::len).min(9);
            let step = step / 10_f64.powi(decimals as i32);
            format!("{:.decimals$}", number + step)
        }
        Ok(number) => format!("{:.0}", number + step),
        Err(_) => format!("{text}1"),
    }
}

fn broken_json(expected: &str, draw: u64) -> String {
    let mut value: Value = serde_json::from_str(expected).unwrap_or_default();
    let way = draw % 3;
    if let Some(object) = value.as_object_mut()
        && let keys = object.keys().cloned().collect::<Vec<_>>()
        && let Some(key) = pick(&keys, mix(draw))
    {
        match way {
            0 => {
                object.remove(key);
                return value.to_string();
            }
            1 => {
                let other = match object.get(key) {
                    Some(Value::Number(number)) => Value::from(number.as_f64().unwrap_or_default() + 1.0),
                    Some(Value::Bool(flag)) => Value::from(!flag),
                    Some(Value::String(text)) => Value::from(format!("{text} (unsure)")),
                    _ => Value::Null,
                };
                object.insert(key.clone(), other);
                return value.to_string();
            }
            _ => {}
        }
    }
    // Cut inside the fence, so that even a scorer that unwraps fences has nothing to parse.
    let half = expected.floor_char_boundary(expected.len() / 2);
    let start = expected.get(..half).unwrap_or_default();
    format!("Here is the result:\n```json\n{start}\n```")
}

fn cut_short(expected: &str) -> String {
    let words: Vec<&str> = expected.split_whitespace().collect();
    let kept = words.get(..words.len() / 2).unwrap_or_default();
    format!("{} and so on", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        let mut answers = Answers::new(1);
        for (prompt, expected) in [
            ("2+2", "4"),
            ("half", "0.50"),
            ("record", r#"{"name":"Ada","age":36}"#),
            ("mood a", "happy"),
            ("mood b", "sad"),
            ("story", "once upon a time there was a fox"),
        ] {
            answers.insert(Entry::new("w", prompt, expected));
        }
        answers
    }

    #[test]
    fn a_wrong_answer_is_never_the_right_one() {
        let answers = answers();
        for known in answers.known.values() {
            for draw in 0..500 {
                let wrong = answers.wrong(&known.entry, mix(draw));
                assert_ne!(wrong, known.entry.expected);
                let expected = known.entry.expected.parse::<f64>();
                if let (Ok(wrong), Ok(right)) = (wrong.parse::<f64>(), expected) {
                    assert!((wrong - right).abs() > 1e-9 && (wrong - right).abs() < 10.0);
                }
                let same = serde_json::from_str::<Value>(&wrong).ok()
                    == serde_json::from_str::<Value>(&known.entry.expected).ok();
                assert!(!same || known.entry.kind != Kind::Json, "{wrong}");
            }
        }
    }

    #[test]
    fn a_sum_nobody_planted_is_known_and_its_askings_are_counted() {
        let answers = answers();
        let sum = answers.find(" What is 17 + 25? ").unwrap();
        assert_eq!((sum.entry.expected.as_str(), sum.entry.kind), ("42", Kind::Number));
        assert_eq!((sum.ask(0), answers.find("What is 17 + 25?").unwrap().ask(0)), (0, 1));
        // What is planted stays: it may be wrong on purpose.
        assert_eq!(answers.find("2+2").unwrap().entry.workload, "w");
        assert!(answers.find("how are you?").is_none());
    }

    #[test]
    fn sums_are_remembered_within_bounds() {
        let answers = answers();
        for i in 0..=MAX_SUMS {
            assert!(answers.find(&format!("{i} + 1")).is_some());
        }
        assert_eq!(answers.sums.lock().unwrap().len(), MAX_SUMS);
    }

    #[test]
    fn a_wrong_label_is_another_label_of_the_workload() {
        let answers = answers();
        let mood = answers.find("  mood a ").unwrap();
        assert_eq!(answers.wrong(&mood.entry, 3), "sad");
    }
}
