//! What the webhook is told, and the job that tells it.

use std::{sync::Arc, time::Duration};

use apalis::prelude::{BoxDynError, Data};
use http::HeaderMap;
use serde_json::{Value, json};
use weir_core::utc::rfc3339;
use weir_providers::transport::{Limits, Target};
use weir_store::{DiffRow, PolicyNews};

use crate::{desk::Desk, queue::TellPolicy, signed};

/// How long one telling may take.
const TOTAL: Duration = Duration::from_secs(10);
const LIMITS: Limits = Limits { connect: Duration::from_secs(5), first_byte: TOTAL, idle: TOTAL, total: TOTAL };

/// The news with its diff, which is said as `GET /api/v1/policy-diffs/{id}` says it. `id` is the same however often it is
/// told.
pub(super) fn body(news: &PolicyNews, row: &DiffRow) -> Value {
    let diff: Value = serde_json::from_str(&row.body).unwrap_or_default();
    let sentence = diff.get("sentence").and_then(Value::as_str).unwrap_or_default();
    let decided = row.decided.as_ref();
    json!({
        "id": news.id,
        "event": news.event,
        "at": rfc3339(news.at),
        "reason": news.reason,
        "sentence": sentence,
        "policy_diff": {
            "id": row.id,
            "etag": row.etag(),
            "workload": row.workload,
            "parent": row.parent,
            "candidate": row.candidate,
            "state": row.state.name(),
            "at": rfc3339(row.at),
            "sentence": sentence,
            "diff": diff,
            "decided_by": decided.map(|decided| &decided.by),
            "decided_why": decided.map(|decided| &decided.reason),
            "decided_at": decided.map(|decided| rfc3339(decided.at)),
            "canary": row.canary,
        },
    })
}

/// Posts one piece of news. Where the webhook is configured no more, nobody is told.
///
/// # Errors
/// When it was not taken with a 2xx; the job is tried again.
pub(crate) async fn tell(job: TellPolicy, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let settings = desk.settings.load_full();
    let Some(hook) = &settings.policy_webhook else {
        tracing::info!(news = %job.id, "nobody is told: there is no policy webhook any more");
        return Ok(());
    };
    let target = Target::new(&hook.url, None, hook.allow_private).map_err(|error| error.to_string())?;
    let signature = signed::signature(&hook.secret, desk.clock.now(), &job.body).ok_or("the secret cannot sign")?;
    let headers = HeaderMap::from_iter([(signed::HEADER, signature)]);
    let response = desk.transport.send(&target, headers, job.body.into(), LIMITS).await.map_err(|e| e.to_string())?;
    match response.status {
        200..300 => Ok(()),
        status => Err(format!("the policy webhook answered {status} to {}", job.id).into()),
    }
}
