//! The recommended canary on six kinds of grades.

use std::fmt::Write as _;

use weir_stats::eprocess::attempt_alpha;

use super::{
    arms::{ALPHA_PROMOTE, End, Tests},
    draw::{KINDS, Kind, Random},
    run::{Rate, each, or_dash, quantile},
};

/// All ends at one true difference, of first attempts: a later one may spend less.
pub(super) struct Ends(Vec<End>);

impl Ends {
    /// `None` where no candidate of the kind has this mean.
    pub(super) fn at(kind: Kind, delta: f64, runs: u32, seed: u64) -> Option<Self> {
        let (candidate, control) = (kind.draw(delta)?, kind.draw(0.0)?);
        let tests = Tests::new(kind.mean, attempt_alpha(ALPHA_PROMOTE, 1));
        let what = format!("{} {delta:+.2}", kind.name);
        Some(Self(each(&what, runs, |run| tests.run(&candidate, &control, &mut Random::new(seed, run)))))
    }

    pub(super) fn promoted(&self) -> Rate {
        Rate::of(&self.0, |end| matches!(end, End::Promoted(_)))
    }

    pub(super) fn rolled_back(&self) -> Rate {
        Rate::of(&self.0, |end| matches!(end, End::RolledBack(_)))
    }

    /// Pairs to a promotion below which this share of the promoted ended.
    pub(super) fn to_promote(&self, share: f64) -> Option<u32> {
        let pairs = self.0.iter().filter_map(|end| if let End::Promoted(n) = end { Some(*n) } else { None });
        quantile(&pairs.collect::<Vec<_>>(), share)
    }

    /// Likewise for those rolled back.
    pub(super) fn to_roll_back(&self, share: f64) -> Option<u32> {
        let pairs = self.0.iter().filter_map(|end| if let End::RolledBack(n) = end { Some(*n) } else { None });
        quantile(&pairs.collect::<Vec<_>>(), share)
    }
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| grades | promoted at −0.03 | at −0.05 | at −0.10 | promoted at 0, median (p90) pairs | at +0.02, median \
         | rolled back at 0 | at −0.03 | rollback median (p95) at −0.10 | −0.20 | −0.40 |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for kind in KINDS {
        let at = |delta: f64, runs: u32| Ends::at(kind, delta, runs, seed);
        let few = (runs / 8).max(1);
        let (margin, equal) = (at(-0.03, runs), at(0.0, runs));
        let promoted = |ends: &Option<Ends>| or_dash(ends.as_ref().map(Ends::promoted));
        let rolled = |ends: &Option<Ends>| or_dash(ends.as_ref().map(Ends::rolled_back));
        let when = |ends: Option<Ends>| {
            ends.map_or_else(
                || "–".to_owned(),
                |ends| format!("{} ({})", or_dash(ends.to_roll_back(0.5)), or_dash(ends.to_roll_back(0.95))),
            )
        };
        let equal_pairs = |share| or_dash(equal.as_ref().and_then(|ends| ends.to_promote(share)));
        let (five, ten) = (at(-0.05, few), at(-0.1, few));
        _ = writeln!(
            table,
            "| {} | {} | {} | {} | {}, {} ({}) | {} | {} | {} | {} | {} | {} |",
            kind.name,
            promoted(&margin),
            promoted(&five),
            promoted(&ten),
            promoted(&equal),
            equal_pairs(0.5),
            equal_pairs(0.9),
            or_dash(at(0.02, few).and_then(|ends| ends.to_promote(0.5))),
            rolled(&equal),
            rolled(&margin),
            when(ten),
            when(at(-0.2, few)),
            when(at(-0.4, few)),
        );
    }
    table
}
