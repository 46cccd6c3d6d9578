//! How the difference moved while pairs came in, for people. Nothing is decided from it.

use weir_core::Timestamp;
use weir_stats::{
    eprocess::{Grid, interval},
    histogram::PairHistogram,
};

/// Confidence of the band is `1 − BAND_ALPHA`.
pub const BAND_ALPHA: f64 = 0.05;
/// First point, in pairs; later ones are at least a tenth further.
const FROM: u64 = 5;

/// The difference as it stood after some pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Assignment time of the pair that made it.
    pub at: Timestamp,
    /// Pairs with both grades.
    pub pairs: u64,
    /// Mean difference, candidate − control.
    pub delta: f64,
    /// Lower end of the anytime-valid 95 % band.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Points at growing distances, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Trail(Vec<Point>);

impl Trail {
    pub(super) fn points(&self) -> &[Point] {
        &self.0
    }

    /// A pair came at `at`; a point is made of all pairs observed when one is due.
    pub(super) fn mark(&mut self, at: Timestamp, observed: &PairHistogram, grid: &Grid) {
        let pairs = observed.n();
        let due = self.0.last().map_or(FROM, |last| (last.pairs + FROM).max(last.pairs * 11 / 10));
        if pairs >= due {
            let (lower, upper) = interval(grid, observed, BAND_ALPHA);
            self.0.push(Point { at, pairs, delta: observed.mean(), lower, upper });
        }
    }
}
