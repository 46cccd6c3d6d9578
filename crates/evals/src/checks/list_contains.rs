//! `list_contains`: the best one-to-one pairing of the elements of two lists by Levenshtein likeness, its sum over the
//! longer list, or over the expected one when extra elements are allowed (autoevals' `ListContains`). Both empty 1, one
//! empty 0.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_core::score::Unscored;

use super::{
    Check, is_default, json,
    levenshtein::{Work, similarity},
    python,
    text::too_long,
};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Elements of either list; pairing costs their cube.
const MOST_ELEMENTS: usize = 300;

/// `list_contains`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListContainsSpec {
    /// Elements beyond the expected ones cost nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_extra: bool,
    /// Take the JSON out of a code fence or surrounding prose first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extract: bool,
}

impl ListContainsSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for ListContainsSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let expected = match exchange.expected() {
            Some(Value::Array(expected)) => expected,
            Some(_) => {
                return Outcome::unscored(Unscored::NoReference, "the expected answer is not a list");
            }
            None => return Outcome::no_reference(),
        };
        let Ok(Value::Array(answer)) = json::read(&exchange.answer.text, self.extract) else {
            return Outcome::unscored(Unscored::InvalidResponseFormat, "the answer is not a JSON list");
        };
        if answer.is_empty() || expected.is_empty() {
            return Outcome::pass(answer.is_empty() && expected.is_empty());
        }
        if answer.len().max(expected.len()) > MOST_ELEMENTS {
            return too_long();
        }
        let mut work = Work::default();
        let mut likeness = Vec::with_capacity(answer.len());
        for a in &answer {
            let a = python::text(a);
            let row: Option<Vec<f64>> = expected.iter().map(|b| similarity(&a, &python::text(b), &mut work)).collect();
            match row {
                Some(row) => likeness.push(row),
                None => return too_long(),
            }
        }
        let of = if self.allow_extra { expected.len() } else { answer.len().max(expected.len()) };
        Outcome::grade(best_pairing(&likeness) / of as f64)
    }
}

/// The largest sum of one element a row and a column, by the Hungarian method with potentials.
fn best_pairing(likeness: &[Vec<f64>]) -> f64 {
    let columns = likeness.first().map_or(0, Vec::len);
    if columns < likeness.len() {
        let turned: Vec<Vec<f64>> =
            (0..columns).map(|at| likeness.iter().filter_map(|row| row.get(at).copied()).collect()).collect();
        return best_pairing(&turned);
    }
    // Column 0 stands for no column; rows count from 1.
    let cost =
        |row: usize, column: usize| -likeness.get(row - 1).and_then(|row| row.get(column - 1)).copied().unwrap_or(0.0);
    let get = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(0.0);
    let mut row_potential = vec![0.0; likeness.len() + 1];
    let mut column_potential = vec![0.0; columns + 1];
    let mut row_of = vec![0_usize; columns + 1];
    for row in 1..=likeness.len() {
        let mut came_from = vec![0_usize; columns + 1];
        let mut slack = vec![f64::INFINITY; columns + 1];
        let mut used = vec![false; columns + 1];
        let mut at = 0;
        row_of.splice(0..1, [row]);
        loop {
            set(&mut used, at, true);
            let here = row_of.get(at).copied().unwrap_or(0);
            let (mut least, mut next) = (f64::INFINITY, 0);
            for column in (1..=columns).filter(|column| used.get(*column) == Some(&false)) {
                let reduced = cost(here, column) - get(&row_potential, here) - get(&column_potential, column);
                if reduced < get(&slack, column) {
                    set(&mut slack, column, reduced);
                    set(&mut came_from, column, at);
                }
                if get(&slack, column) < least {
                    (least, next) = (get(&slack, column), column);
                }
            }
            for column in 0..=columns {
                if used.get(column) == Some(&true) {
                    let row = row_of.get(column).copied().unwrap_or(0);
                    add(&mut row_potential, row, least);
                    add(&mut column_potential, column, -least);
                } else {
                    add(&mut slack, column, -least);
                }
            }
            at = next;
            if row_of.get(at).copied().unwrap_or(0) == 0 {
                break;
            }
        }
        while at != 0 {
            let before = came_from.get(at).copied().unwrap_or(0);
            let row = row_of.get(before).copied().unwrap_or(0);
            set(&mut row_of, at, row);
            at = before;
        }
    }
    let pairs = row_of.iter().enumerate().skip(1).filter(|(_, row)| **row > 0);
    pairs.map(|(column, row)| -cost(*row, column)).sum()
}

fn set<T>(values: &mut [T], at: usize, value: T) {
    if let Some(place) = values.get_mut(at) {
        *place = value;
    }
}

fn add(values: &mut [f64], at: usize, value: f64) {
    if let Some(place) = values.get_mut(at) {
        *place += value;
    }
}

#[cfg(test)]
mod tests {
    use super::best_pairing;
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn the_best_pairing_counts() {
        let spec = "kind='list_contains'";
        assert!(close(grade(spec, r#"["bar","foo"]"#, json!(["foo", "bar", "baz"])), 2.0 / 3.0));
        assert!(close(grade(spec, r#"["New York","LA"]"#, json!(["new york", "L.A."])), 0.625));
        assert_eq!(grade(spec, "[]", json!([])), 1.0);
        assert_eq!(grade(spec, "[]", json!(["a"])), 0.0);
        assert_eq!(grade("kind='list_contains'\nallow_extra=true", r#"["x","a"]"#, json!(["a"])), 1.0);
        assert_eq!(run(spec, "a, b", json!(["a"])).reason(), Some(Unscored::InvalidResponseFormat));
    }

    #[test]
    fn greedy_choices_are_not_enough() {
        assert!(close(best_pairing(&[vec![0.9, 0.8], vec![0.8, 0.1]]), 1.6));
        assert!(close(best_pairing(&[vec![0.5], vec![0.7], vec![0.6]]), 0.7));
    }
}
