//! Asking a candidate again what another has answered, after the caller has gone.

use std::{sync::Arc, time::Duration};

use apalis::prelude::{BoxDynError, Data};
use weir_core::{Timestamp, span::Origin};
use weir_store::{Shadow, ShadowPair};

use crate::{desk::Desk, own::addressed, queue::MirrorSpan};

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
    let asked = desk.bench.own(&desk.transport, Origin::Shadow, &job.workload, body).await?;
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

/// The grades of pairs that are decided, in order, candidate first, up to the first one that still waits for a grade:
/// bad answers may take longer to grade. Past the time limit, a candidate without a grade has the worst one, and a pair
/// whose other answer has none says nothing.
#[must_use]
pub fn settled(pairs: &[ShadowPair], now: Timestamp, timeout: Duration) -> Vec<(f64, f64)> {
    let mut settled = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let late = now.since(pair.at) > timeout;
        let candidate = if pair.failed { Some(0.0) } else { pair.candidate };
        match (candidate, pair.control) {
            _ if pair.void => {}
            (Some(candidate), Some(control)) => settled.push((candidate, control)),
            (None, Some(control)) if late => settled.push((0.0, control)),
            (_, None) if late => {}
            _ => break,
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(candidate: Option<f64>, control: Option<f64>, at_s: i64) -> ShadowPair {
        ShadowPair { candidate, control, failed: false, void: false, at: Timestamp(at_s * 1_000_000) }
    }

    #[test]
    fn pairs_count_in_order_up_to_the_first_that_waits_and_what_never_came_is_the_worst() {
        let pairs = [
            pair(Some(1.0), Some(1.0), 0),
            pair(None, Some(1.0), 1),
            pair(Some(0.5), None, 2),
            ShadowPair { failed: true, ..pair(None, Some(0.8), 3) },
            ShadowPair { void: true, ..pair(Some(1.0), None, 4) },
            pair(None, Some(1.0), 5),
            pair(Some(1.0), Some(1.0), 6),
        ];
        let timeout = Duration::from_secs(120);
        let at = |seconds: i64| settled(&pairs, Timestamp(seconds * 1_000_000), timeout);
        assert_eq!(at(10), [(1.0, 1.0)]);
        assert_eq!(at(124), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.8)]);
        assert_eq!(at(200), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.8), (0.0, 1.0), (1.0, 1.0)]);
    }
}
