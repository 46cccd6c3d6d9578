//! Asking a candidate again what another has answered, after the caller has gone.

use std::{sync::Arc, time::Duration};

use apalis::prelude::{BoxDynError, Data};
use weir_core::span::{Errand, Origin};
use weir_store::Shadow;

use crate::{
    desk::Desk,
    own::{Account, addressed},
    queue::MirrorSpan,
};

/// What the budget looks back on.
const DAY: Duration = Duration::from_hours(24);

/// Asks one request again and keeps that it was. Over the budget, or when the request's text is gone, nothing is asked.
///
/// # Errors
/// When the gateway or the store cannot be reached; the job is tried again.
pub(crate) async fn ask(job: MirrorSpan, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let since = desk.clock.now().minus(DAY);
    let spent = desk.store.span_cost(&job.workload, Origin::Shadow, since).await?;
    if spent >= job.max_per_day {
        tracing::debug!(workload = %job.workload, "the shadow has cost what it may in 24 hours");
        return Ok(());
    }
    let Some(record) = desk.store.record_list(&[job.span]).await?.into_iter().next() else {
        return Ok(());
    };
    let Some(body) = addressed(&record.payload.request, &job.candidate) else {
        return Ok(());
    };
    let errand = Errand::about(job.span);
    let asked =
        desk.bench.own(&desk.transport, Origin::Shadow, Account::Workload(&job.workload), &errand, body).await?;
    let shadow_id = match asked.status {
        200 => asked.span,
        // The candidate's own failure, which counts.
        502 | 504 => None,
        // What the request asks for cannot be had there; that says nothing about answers.
        status if (400..500).contains(&status) && status != 429 => return Ok(()),
        status => return Err(format!("the gateway answered {status}").into()),
    };
    let shadow = Shadow {
        span_id: job.span,
        shadow_id,
        workload: job.workload,
        candidate: job.candidate,
        canary: job.canary,
        at: desk.clock.now(),
    };
    Ok(desk.store.shadow_insert(&shadow).await?)
}
