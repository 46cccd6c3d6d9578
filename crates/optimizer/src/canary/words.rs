//! Numbers as people read them.

use weir_core::canary::{Battles, Evidence};

/// Three decimals with a sign, a true minus: `+0.013`, `−0.004`.
pub(super) fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '−' } else { '+' };
    format!("{sign}{:.3}", value.abs())
}

/// `difference −0.004 [−0.021, +0.013]`.
pub(super) fn difference(evidence: &Evidence) -> String {
    format!("difference {} [{}, {}]", signed(evidence.delta), signed(evidence.lower), signed(evidence.upper))
}

/// `1 pair`, `512 pairs`.
pub(super) fn pairs(count: u64) -> String {
    format!("{count} pair{}", if count == 1 { "" } else { "s" })
}

/// A share as a percentage without trailing zeros: `5 %`, `0.5 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 100.0)
}

/// The shadow side by side, with a comma before it.
pub(super) fn battles(battles: &Battles) -> String {
    let Battles { won, tied, lost } = battles;
    format!(", side by side in both orders {won} won, {tied} tied, {lost} lost")
}
