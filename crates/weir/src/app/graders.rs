//! Graders of OpenAI's Evals that somebody tries: at work at the scoring workers' desk.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use weir_api::GraderRun;
use weir_evals::openai::{Grader, Ran, Scope};
use weir_jobs::{Desk, Graders};

/// Grades at this desk.
pub(super) struct GraderRuns(Arc<Graders>);

impl GraderRuns {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self(Arc::new(Graders::new(desk)))
    }
}

impl GraderRun for GraderRuns {
    fn run(&self, key: Arc<str>, grader: Grader, item: Value, sample: Value) -> BoxFuture<'static, Ran> {
        let graders = Arc::clone(&self.0);
        Box::pin(async move { graders.run(&key, &grader, Scope { item: &item, sample: &sample }).await })
    }
}
