//! Anchors: the same labelled answers graded again by the same judge, on schedule and when its definition changes. A
//! judge that no longer says what it said freezes the workloads it steers: nothing moves towards a candidate on the word
//! of an instrument that has shifted. What takes a candidate back goes on.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{Timestamp, score::Verdict, span::Errand};
use weir_evals::{Scorer, judge::JudgeSpec};
use weir_stats::agreement::shift;
use weir_store::{Anchor, AnchorPlan, AnchorRun, Error, Freeze};

use crate::{Lead, assemble::Assembled, desk::Desk, judges::vote};

/// Between two looks at what is due.
const TICK: Duration = Duration::from_secs(1);
/// A grade from here on is a pass.
const PASS: f64 = 0.5;
/// Rounds looked back on for the first one of a version.
const BACK: u32 = 1_000;
/// A smaller shift of the mean grade is none that matters.
const MATTERS: f64 = 0.05;
/// Standard errors that a shift must exceed.
const SURE: f64 = 3.0;
/// Anchors below which a round proves nothing.
const LEAST: usize = 10;

/// Grades anchors until stopped.
pub struct Anchors {
    desk: Arc<Desk>,
    settings: Arc<arc_swap::ArcSwap<Settings>>,
    lead: Arc<Lead>,
}

impl Anchors {
    /// Works at the same desk as the scoring workers.
    #[must_use]
    pub fn new(desk: Arc<Desk>, settings: Arc<arc_swap::ArcSwap<Settings>>, lead: Arc<Lead>) -> Self {
        Self { desk, settings, lead }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(TICK) => {}
            }
            if !self.lead.is_mine() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                result = self.turn() => if let Err(error) = result {
                    tracing::warn!(%error, "anchors wait: the store cannot be used");
                }
            }
        }
    }

    /// Grades every set that is due.
    async fn turn(&self) -> Result<(), Error> {
        for plan in self.desk.store.anchor_plans().await? {
            let scoring = self.desk.scoring.load_full();
            let found = scoring.plans().flat_map(|plan| &plan.judges).find(|(name, _)| *name == plan.scorer);
            let Some((_, scorer)) = found else { continue };
            let runs = self.desk.store.anchor_runs(&plan.scorer, BACK).await?;
            if plan.anchors > 0 && is_due(&plan, &runs, scorer.version(), self.desk.clock.now()) {
                self.round(&plan, &runs, scorer).await?;
            }
        }
        Ok(())
    }

    async fn round(&self, plan: &AnchorPlan, runs: &[AnchorRun], scorer: &Scorer) -> Result<(), Error> {
        let Some(spec) = scorer.judge() else { return Ok(()) };
        // What it said before is just what must not be said again from memory.
        let mut spec = spec.clone();
        spec.no_cache = true;
        let anchors = self.desk.store.anchor_list(&plan.scorer).await?;
        let mut grades = HashMap::new();
        for anchor in &anchors {
            if let Some(grade) = self.grade(anchor, &spec, scorer).await? {
                grades.insert(anchor.task, grade);
            }
        }
        let same = |run: &&AnchorRun| *run.version == *scorer.version() && run.at >= plan.set_at;
        let (first, before) = (runs.iter().rfind(same), runs.iter().find(same));
        let moved = match first {
            Some(first) => {
                let then = self.desk.store.anchor_grades(first.seq).await?;
                let differences: Vec<f64> =
                    grades.iter().filter_map(|(task, grade)| Some(grade - then.get(task)?)).collect();
                (differences.len() >= LEAST).then(|| shift(&differences)).flatten()
            }
            None => None,
        };
        let flips = match before {
            Some(before) => {
                let then = self.desk.store.anchor_grades(before.seq).await?;
                let flipped = |(task, grade): (&i64, &f64)| Some((*grade >= PASS) != (*then.get(task)? >= PASS));
                Some(grades.iter().filter_map(flipped).filter(|flipped| *flipped).count() as u64)
            }
            None => None,
        };
        let errors: Vec<f64> =
            anchors.iter().filter_map(|anchor| Some(grades.get(&anchor.task)? - anchor.human)).collect();
        let run = AnchorRun {
            seq: 0,
            scorer: plan.scorer.clone(),
            version: scorer.version().into(),
            at: self.desk.clock.now(),
            graded: grades.len() as u64,
            unscored: (anchors.len() - grades.len()) as u64,
            mean_error: (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64),
            shift: moved,
            flips,
            drifted: moved.is_some_and(|(by, error)| by.abs() >= MATTERS && by.abs() > SURE * error),
        };
        self.desk.store.anchor_run_insert(&run, &grades).await?;
        match run.drifted {
            true => self.freeze(&run).await,
            false => Ok(()),
        }
    }

    /// The judge's grade of one anchor; `None` when its text is gone or the judge gives none.
    async fn grade(&self, anchor: &Anchor, spec: &JudgeSpec, scorer: &Scorer) -> Result<Option<f64>, Error> {
        let Some(record) = self.desk.store.record_list(&[anchor.span_id]).await?.pop() else {
            return Ok(None);
        };
        let workload = &record.span.workload;
        let assembled = Assembled::all(&self.desk.references, workload, std::iter::once(&record)).await?;
        let Some(assembled) = assembled.first().filter(|one| one.obstacle().is_none()) else {
            return Ok(None);
        };
        let served_by = record.span.served_by().map_or("", |deployment| deployment.as_str());
        let errand = Errand::about(anchor.span_id);
        match vote(&self.desk, spec, scorer.version(), &assembled.exchange(), served_by, &errand).await {
            Ok((outcome, _)) => Ok(match outcome.verdict {
                Verdict::Scored { grade } => Some(grade.value()),
                Verdict::Unscored { .. } => None,
            }),
            Err(failure) => {
                tracing::debug!(%failure, "an anchor got no grade");
                Ok(None)
            }
        }
    }

    /// Freezes every workload that this judge steers.
    async fn freeze(&self, run: &AnchorRun) -> Result<(), Error> {
        let (by, error) = run.shift.unwrap_or_default();
        let reason = format!(
            "judge {} drifted on its anchors: grades {by:+.3} ± {error:.3} against the first round of version {}; look at \
             its calibration, then lift the freeze",
            run.scorer, run.version
        );
        tracing::warn!(scorer = %run.scorer, %reason, "a judge drifted");
        let settings = self.settings.load_full();
        for (id, _) in settings.workloads.iter().filter(|(_, workload)| workload.quality == run.scorer) {
            let freeze = Freeze {
                workload: Some(id.clone()),
                actor: "anchors".to_owned(),
                reason: reason.clone(),
                at: self.desk.clock.now(),
            };
            self.desk.store.freeze_put(&freeze).await?;
        }
        Ok(())
    }
}

/// Asked for, or its time has come, or this version has never been seen on this set.
fn is_due(plan: &AnchorPlan, runs: &[AnchorRun], version: &str, now: Timestamp) -> bool {
    match runs.iter().find(|run| run.at >= plan.set_at) {
        None => true,
        Some(last) => last.at < plan.wanted_at || now.since(last.at) >= plan.every || *last.version != *version,
    }
}
