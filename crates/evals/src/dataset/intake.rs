//! What every item passes on its way into a dataset, whatever it comes from: the dataset's schema, one content for each
//! id, a split by its cluster, and the search for near copies. Nothing here grows with the length of items.

use std::collections::HashMap;

use super::{
    Item, Row, RowError,
    near::{Found, Near, Neighbours},
    schema::InputSchema,
    split_for,
};

/// Bad rows and near copies that are told one by one; the rest is counted.
pub const TOLD: usize = 100;

/// Takes rows one after another.
#[derive(Debug, Default)]
pub struct Intake {
    schema: Option<InputSchema>,
    splits: Vec<String>,
    seen: HashMap<Box<str>, (u64, u128)>,
    neighbours: Neighbours,
    bad: Vec<RowError>,
    bad_total: u64,
    taken: u64,
}

/// What an intake found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Rows taken.
    pub taken: u64,
    /// The first bad rows.
    pub bad: Vec<RowError>,
    /// All bad rows.
    pub bad_total: u64,
    /// The first items nearly the same as an earlier one.
    pub near: Vec<Near>,
    /// All of them.
    pub near_total: u64,
    /// The first held-out items that others may see under another id: such a set must not be published.
    pub leaks: Vec<Near>,
    /// All of them.
    pub leaks_total: u64,
}

impl Intake {
    /// An intake for a dataset with this schema; items without a split get one of `splits`.
    #[must_use]
    pub fn new(schema: Option<InputSchema>, splits: Vec<String>) -> Self {
        Self { schema, splits, ..Self::default() }
    }

    /// The row's item, or nothing when the row is bad: then it is counted.
    pub fn take(&mut self, row: Row) -> Option<Item> {
        match self.admit(row) {
            Ok((item, new)) => {
                if new {
                    self.neighbours.push(&item);
                }
                self.taken += 1;
                Some(item)
            }
            Err(error) => {
                self.bad_total += 1;
                if self.bad.len() < TOLD {
                    self.bad.push(error);
                }
                None
            }
        }
    }

    /// The row's item, without the search for near copies and without counting: for a look at a file.
    ///
    /// # Errors
    /// Why the row is bad.
    pub fn check(&mut self, row: Row) -> Result<Item, RowError> {
        self.admit(row).map(|(item, _)| item)
    }

    /// The item, and whether it is met for the first time.
    fn admit(&mut self, row: Row) -> Result<(Item, bool), RowError> {
        let Row { line, result } = row;
        let mut item = result?;
        if item.split.is_none() {
            item.split = split_for(&item, &self.splits);
        }
        if let Some(schema) = &self.schema {
            schema.check(&item).map_err(|message| RowError::at(line, "input", message))?;
        }
        let hash = u128::from_str_radix(&item.hash(), 16).unwrap_or_default();
        // The same item twice is one item and harmless; the same id with other content is a mistake.
        match self.seen.get(item.id.as_str()) {
            Some((first, earlier)) if *earlier != hash => {
                Err(RowError::at(line, "id", format!("id `{}` stands on line {first} with other content", item.id)))
            }
            Some(_) => Ok((item, false)),
            None => {
                self.seen.insert(item.id.as_str().into(), (line, hash));
                Ok((item, true))
            }
        }
    }

    /// Bad rows so far.
    #[must_use]
    pub const fn bad(&self) -> u64 {
        self.bad_total
    }

    /// Rows taken so far.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Compares what was taken. `shown` are texts, each with a name, that models see while they judge: a held-out
    /// prompt in one of them is a leak.
    #[must_use]
    pub fn finish(self, shown: &[(String, String)]) -> Report {
        let Found { mut near, mut leaks } = self.neighbours.find();
        leaks.extend(self.neighbours.contained(shown));
        let (near_total, leaks_total) = (near.len() as u64, leaks.len() as u64);
        near.truncate(TOLD);
        leaks.truncate(TOLD);
        Report { taken: self.taken, bad: self.bad, bad_total: self.bad_total, near, near_total, leaks, leaks_total }
    }
}
