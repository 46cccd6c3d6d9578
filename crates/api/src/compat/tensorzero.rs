//! TensorZero's `POST /feedback`: a metric's value for one inference or one episode.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outside::{Target, Word, find, keep, throttle};
use crate::{
    extract::Body,
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Metric names with a meaning of their own, whose value is a text.
const TEXTS: [&str; 2] = ["comment", "demonstration"];
/// Kind of kept texts.
const KIND: &str = "tensorzero.feedback";

/// Feedback as TensorZero's clients send it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MetricFeedback {
    metric_name: String,
    /// `x-weir-span-id` of the answer.
    inference_id: Option<String>,
    /// The trace: its first answer is graded.
    episode_id: Option<String>,
    /// A truth, a number in `0..=1`, or a text for `comment` and `demonstration`.
    #[schema(value_type = Object)]
    value: serde_json::Value,
    /// True only checks.
    #[serde(default)]
    dryrun: bool,
}

/// TensorZero's answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackId {
    feedback_id: String,
}

/// `POST /feedback`.
pub(crate) async fn create_metric(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(feedback): Body<MetricFeedback>,
) -> Reply<Json<FeedbackId>> {
    throttle(&app, &caller)?;
    // Their ids are UUIDs: the same 128 bits with dashes.
    let bare = |id: String| id.replace('-', "");
    let target = match (feedback.inference_id, feedback.episode_id) {
        (Some(id), None) => Target::Span(bare(id)),
        (None, Some(id)) => Target::Trace(bare(id)),
        _ => return Err(Failure::bad("give `inference_id` or `episode_id`, one of them")),
    };
    let name = feedback.metric_name.as_str();
    let span = find(&app, Some(&caller), &target).await?;
    if TEXTS.contains(&name) {
        // Words alone are no grade: they are kept beside the answer.
        let serde_json::Value::String(text) = &feedback.value else {
            return Err(Failure::bad(format!("`value`: `{name}` takes a text")));
        };
        let id = format!("{:016x}", app.entropy.next_u64());
        if !feedback.dryrun {
            let body = serde_json::json!({"metric_name": name, "value": text});
            app.store.compat_put(KIND, &caller.name, &id, &span.id.to_string(), &body.to_string()).await?;
        }
        return Ok(Json(FeedbackId { feedback_id: id }));
    }
    let grade = match &feedback.value {
        serde_json::Value::Bool(truth) => f64::from(u8::from(*truth)),
        serde_json::Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        _ => return Err(Failure::bad("`value`: wanted a truth or a number in 0..=1")),
    };
    let mut id = span.id.to_string();
    if !feedback.dryrun {
        id = keep(&app, &span, &Word { name, by: "tensorzero", grade, explanation: None }).await?.to_string();
    }
    Ok(Json(FeedbackId { feedback_id: id }))
}
