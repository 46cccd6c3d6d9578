//! Limits of a rate that a correct program crosses once in a million.

use super::run::Rate;

impl Rate {
    /// Clopper and Pearson's lower limit at 1e-6: the largest rate at which so many or more would be that unlikely.
    pub(super) fn lower(self) -> f64 {
        bisect(|p| 1.0 - below(self.count, self.of, p) <= DOUBT)
    }

    /// Their upper limit at 1e-6.
    pub(super) fn upper(self) -> f64 {
        bisect(|p| below(self.count + 1, self.of, p) > DOUBT)
    }
}

const DOUBT: f64 = 1e-6;

/// The largest `p` for which it holds; it must hold up to some point and not beyond.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut yes, mut no) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(yes, no);
        if holds(middle) { yes = middle } else { no = middle }
    }
    yes
}

/// `P(X < count)` of a binomial, summed in logarithms.
fn below(count: u32, of: u32, p: f64) -> f64 {
    let (log_p, log_q) = (p.ln(), (1.0 - p).ln());
    let mut log_choose = 0.0;
    let mut sum = 0.0;
    for k in 0..count.min(of + 1) {
        sum += (log_choose + f64::from(k) * log_p + f64::from(of - k) * log_q).exp();
        log_choose += (f64::from(of - k) / f64::from(k + 1)).ln();
    }
    sum
}
