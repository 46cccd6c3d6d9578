//! A battle: a judge of two answers sees a shadow's answer beside the one that the caller got, in both orders. Where the
//! orders disagree it followed the place and not the answer, and the battle is a tie.

use weir_core::{SpanId, span::Origin};
use weir_evals::{
    Asked,
    judge::{JudgeSpec, Order, Reply},
};
use weir_providers::dialect::text;
use weir_store::Error;

use crate::{assemble::Assembled, desk::Desk};

/// True for a judge of two answers that is asked about a shadow's.
pub(super) fn is_one(origin: Origin, asked: Asked<'_>) -> bool {
    origin == Origin::Shadow && matches!(asked, Asked::Judge(judge) if judge.reply == Reply::Pairwise)
}

/// Puts the caller's answer beside the shadow's; false while the pair is not stored, or its text is gone.
pub(super) async fn put_beside(desk: &Desk, assembled: &mut Assembled, shadow: SpanId) -> Result<bool, Error> {
    let Some(own) = desk.store.shadow_beside(shadow).await? else { return Ok(false) };
    let Some(record) = desk.store.record_list(&[own]).await?.into_iter().next() else { return Ok(false) };
    assembled.put_beside(text::answer(&record.payload.response).text);
    Ok(true)
}

/// A battle takes both orders, whatever the judge takes elsewhere.
pub(super) fn in_both_orders(judge: &JudgeSpec) -> JudgeSpec {
    JudgeSpec { order: Order::Both, ..judge.clone() }
}
