//! One canary: pairs until a test decides, every pair looked at, as `weir_optimizer::canary::step` would with its
//! defaults and a workload with a floor.

use weir_stats::{betting::Bets, eprocess::Grid};

use super::draw::{Draw, Random};

/// The optimizer's defaults.
pub(super) const MARGIN: f64 = 0.03;
pub(super) const ALPHA_PROMOTE: f64 = 0.01;
const ALPHA_ROLLBACK: f64 = 0.05;
const MIN_PAIRS: u32 = 100;
/// Looks per run.
pub(super) const PAIRS: u32 = 10_000;

/// How a canary ended, after how many pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Promoted(u32),
    RolledBack(u32),
    Undecided,
}

/// The tests of one canary.
pub(super) struct Tests {
    promote: Bets,
    rollback: Bets,
    floor: Bets,
    promote_at: f64,
    rollback_at: f64,
}

impl Tests {
    /// With a floor a margin below the baseline's mean, and rollback shared by two tests.
    pub(super) fn new(baseline: f64, alpha_promote: f64) -> Self {
        let grid = Grid::for_margin(MARGIN);
        Self {
            promote: Bets::promote(&grid, MARGIN),
            rollback: Bets::rollback(&grid, MARGIN),
            floor: Bets::floor(&grid, baseline - MARGIN),
            promote_at: (1.0 / alpha_promote).ln(),
            // Three may roll back, whose levels add up: the error guard takes a fiftieth, this pair shares the rest.
            rollback_at: (2.0 / (0.98 * ALPHA_ROLLBACK)).ln(),
        }
    }

    pub(super) fn run(&self, candidate: &Draw, control: &Draw, random: &mut Random) -> End {
        let mut wealth = [self.promote.start(), self.rollback.start(), self.floor.start()];
        for n in 1..=PAIRS {
            let (newcomer, stable) = (candidate.cents(random), control.cents(random));
            self.promote.add(&mut wealth[0], newcomer - stable);
            self.rollback.add(&mut wealth[1], newcomer - stable);
            self.floor.add(&mut wealth[2], newcomer);
            if wealth[1].reaches(self.rollback_at) || wealth[2].reaches(self.rollback_at) {
                return End::RolledBack(n);
            }
            if n >= MIN_PAIRS && wealth[0].reaches(self.promote_at) {
                return End::Promoted(n);
            }
        }
        End::Undecided
    }
}
