//! What waits too short or too long: an answer is scored once its session has been quiet, and not any more once nobody
//! wants to know.

use std::time::Duration;

use weir_core::{Timestamp, rule::Rule, score::Unscored, span::Span};
use weir_evals::Outcome;
use weir_store::Error;

use crate::desk::Desk;

/// Settling times after which an answer is scored though its session has never been quiet.
const MOST: u32 = 20;

/// The second at which this answer is to be looked at again; `None` when it can be scored now.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn unsettled(desk: &Desk, rule: &Rule, span: &Span) -> Result<Option<i64>, Error> {
    if rule.settle_s == 0 {
        return Ok(None);
    }
    let (now, settle) = (desk.clock.now(), Duration::from_secs(rule.settle_s));
    let given_up = now.minus(settle * MOST) > span.started_at;
    if given_up {
        return Ok(None);
    }
    let heard = desk.store.span_heard(span, now.minus(settle)).await?;
    Ok(heard.map(|heard| seconds(heard).saturating_add_unsigned(rule.settle_s) + 1))
}

/// Why an answer that waited until now is not scored; `None` while somebody wants to know.
pub(crate) fn expired(rule: &Rule, until_s: Option<i64>, now: Timestamp) -> Option<Outcome> {
    until_s.filter(|until| seconds(now) > *until).map(|until| {
        let late = seconds(now) - until;
        let why = format!(
            "rule `{}` scores within {} s, and this came {late} s later; see how far behind the queue is (`weir rule list`)",
            rule.name, rule.expires_s
        );
        Outcome::unscored(Unscored::Expired, why)
    })
}

fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}
