//! A canary's exposures folded into pairs: only in assignment order, only behind a watermark.
//!
//! How pairs are made matters more than which test reads them. Folding scores as they arrive promotes bad candidates
//! whenever bad answers take longer to score; dropping answers without a score promotes whatever answers too badly
//! to be scored; pairing the turns of one session counts the same evidence many times. So:
//!
//! - the k-th candidate unit is compared with the k-th control unit, both in order of assignment;
//! - nothing assigned after the oldest unresolved unit is folded;
//! - a failed answer has grade 0 for the arm it was assigned to, even when a fallback saved the caller;
//! - an answer without a score in time gets the worst grade for each test separately.

mod counts;
mod differing;
mod state;
mod stratum;
mod sums;
mod trail;
mod unit;
mod versions;

pub use counts::{ArmCount, Funnel};
pub use differing::{Differing, Pair};
pub use state::PairState;
pub use stratum::Stratum;
pub use sums::{Sums, Tested};
pub use trail::{BAND_ALPHA, Point};
pub use unit::{Moment, SESSION_WINDOW, SETTLE};
pub use versions::OtherVersion;
pub use weir_core::canary::Exposure;
