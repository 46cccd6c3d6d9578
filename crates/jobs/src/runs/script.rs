//! A run made ready: its order read, its scorers compiled, what is stored already looked up.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};

use weir_core::{NanoUsd, chat::Answer, run::RunOutput};
use weir_evals::{
    Scorer, compile,
    run::{Against, Order},
    suite::{Suite, SuiteScorer},
};
use weir_store::{Error, RunRow};

use crate::Desk;

/// Place, arm and trial.
pub(super) type Key = (u32, String, u32);

/// Everything that the questions of one run share.
pub(super) struct Script {
    pub(super) row: RunRow,
    pub(super) order: Order,
    pub(super) suite: Suite,
    /// In the suite's order.
    pub(super) scorers: Vec<(SuiteScorer, Scorer)>,
    /// Answers that were there when the run was taken up.
    pub(super) known: HashMap<Key, RunOutput>,
    /// What an earlier run answered, by item hash: the other side of a pair.
    pub(super) earlier: HashMap<String, String>,
    spent: AtomicI64,
    judged: AtomicI64,
}

/// Why a run cannot be carried out.
pub(super) enum Refused {
    Store(Error),
    Wrong(String),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Script {
    pub(super) async fn prepare(desk: &Desk, row: &RunRow) -> Result<Self, Refused> {
        let wrong = |what: &dyn std::fmt::Display| Refused::Wrong(what.to_string());
        let order: Order = serde_json::from_str(&row.run.body).map_err(|error| wrong(&error))?;
        let suite = order.suite().map_err(|error| wrong(&error))?;
        let mut scorers = Vec::with_capacity(suite.scorers.len());
        for scorer in &suite.scorers {
            let compiled = compile(&scorer.spec).map_err(|error| wrong(&error))?;
            scorers.push((scorer.clone(), compiled));
        }
        let outputs = desk.store.run_outputs(row.seq, None).await?;
        let judged = row.cost.0 - outputs.iter().filter_map(|output| output.cost).map(|cost| cost.0).sum::<i64>();
        let (spent, judged) = match order.regrade {
            // Nobody is asked but judges, so all that is new is theirs.
            Some(before) => (row.cost.0 - before.spent.0, row.cost.0 - before.spent.0),
            None => (row.cost.0, judged),
        };
        let known =
            outputs.into_iter().map(|output| ((output.ord, output.arm.clone(), output.trial), output)).collect();
        let earlier = match order.earlier() {
            Some(id) => answers_of(desk, id).await?,
            None => HashMap::new(),
        };
        let (spent, judged) = (AtomicI64::new(spent), AtomicI64::new(judged));
        Ok(Self { row: row.clone(), order, suite, scorers, known, earlier, spent, judged })
    }

    /// The arm that others are compared with, when it is one of this run.
    pub(super) fn baseline(&self) -> Option<&str> {
        match &self.order.against {
            Some(Against::Arm(name)) => Some(name),
            _ => None,
        }
    }

    pub(super) fn spend(&self, cost: NanoUsd) {
        self.spent.fetch_add(cost.0, Relaxed);
    }

    pub(super) fn judge(&self, cost: NanoUsd) {
        self.judged.fetch_add(cost.0, Relaxed);
        self.spend(cost);
    }

    /// Nothing more may be asked. What is under way when the limit is met still counts.
    pub(super) fn is_spent(&self) -> bool {
        self.order.max_usd.is_some_and(|max| NanoUsd(self.spent.load(Relaxed)).as_usd() >= max)
    }

    /// No judge may be asked any more.
    pub(super) fn judges_are_spent(&self) -> bool {
        let over = |max: f64| NanoUsd(self.judged.load(Relaxed)).as_usd() >= max;
        self.is_spent() || self.suite.judge_max_usd.is_some_and(over)
    }
}

/// What the first arm of an earlier run answered, by item hash.
async fn answers_of(desk: &Desk, id: &str) -> Result<HashMap<String, String>, Refused> {
    let Some(row) = desk.store.run_get(id).await? else {
        return Err(Refused::Wrong(format!("the run `{id}` to compare with is not there any more")));
    };
    let order: Order = serde_json::from_str(&row.run.body).map_err(|error| Refused::Wrong(error.to_string()))?;
    let places: HashMap<u32, String> =
        desk.store.run_places(row.seq).await?.into_iter().map(|(hash, place)| (place, hash)).collect();
    let first = order.arms.first().map(|arm| arm.name.as_str());
    let outputs = desk.store.run_outputs(row.seq, None).await?;
    let of_first = outputs.into_iter().filter(|output| Some(output.arm.as_str()) == first && output.trial == 0);
    Ok(of_first.filter_map(|output| Some((places.get(&output.ord)?.clone(), text(&output.said.ok()?)))).collect())
}

/// The visible text of a stored answer.
pub(super) fn text(said: &str) -> String {
    read(said).text
}

/// A stored answer as scorers read it.
pub(super) fn read(said: &str) -> Answer {
    serde_json::from_str(said).unwrap_or_default()
}
