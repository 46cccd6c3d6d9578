//! Counts of grades and of paired differences, in cents. Sufficient for every test of this crate: additive, so that
//! replicas merge by adding and the order of arrival cannot matter; 201 counters whatever the traffic.

/// The nearest whole cent of a grade in `0..=1`; outside values are clamped.
#[must_use]
pub fn cents(grade: f64) -> i32 {
    (grade.clamp(0.0, 1.0) * 100.0).round() as i32
}

/// Mean of counted cents, in whole units; 0 when there are none.
fn mean(cents: impl Iterator<Item = (i32, u64)>, n: u64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let sum: f64 = cents.map(|(cents, count)| f64::from(cents) * count as f64).sum();
    sum / 100.0 / n as f64
}

/// Counts of `candidate − control` in cents, `-100..=100`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairHistogram(Box<[u64; 201]>);

impl Default for PairHistogram {
    fn default() -> Self {
        Self(Box::new([0; 201]))
    }
}

impl PairHistogram {
    /// Adds one pair of grades, each in `0..=1`, rounded to a cent first.
    pub fn add(&mut self, candidate: f64, control: f64) {
        self.add_cents(cents(candidate) - cents(control), 1);
    }

    /// Adds `count` pairs with this difference; clamped to `-100..=100`.
    pub fn add_cents(&mut self, difference: i32, count: u64) {
        let bin = (difference.clamp(-100, 100) + 100) as usize;
        if let Some(slot) = self.0.get_mut(bin) {
            *slot += count;
        }
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        for (slot, count) in self.0.iter_mut().zip(other.0.iter()) {
            *slot += count;
        }
    }

    /// `(cents, count)` of every difference seen, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> + Clone + '_ {
        (-100..=100).zip(self.0.iter().copied()).filter(|&(_, count)| count > 0)
    }

    /// All 201 counts, from −100 cents up.
    #[must_use]
    pub fn counts(&self) -> &[u64; 201] {
        &self.0
    }

    /// Pairs.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Mean difference, `-1..=1`; 0 when empty.
    #[must_use]
    pub fn mean(&self) -> f64 {
        mean(self.iter(), self.n())
    }

    /// Sample variance of the difference; 0 for fewer than two pairs.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let n = self.n();
        if n < 2 {
            return 0.0;
        }
        let mean = self.mean();
        let sum: f64 = self.iter().map(|(cents, count)| (f64::from(cents) / 100.0 - mean).powi(2) * count as f64).sum();
        sum / (n - 1) as f64
    }
}

impl FromIterator<(i32, u64)> for PairHistogram {
    fn from_iter<I: IntoIterator<Item = (i32, u64)>>(pairs: I) -> Self {
        let mut histogram = Self::default();
        for (difference, count) in pairs {
            histogram.add_cents(difference, count);
        }
        histogram
    }
}

/// Counts of single grades in cents, `0..=100`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradeHistogram(Box<[u64; 101]>);

impl Default for GradeHistogram {
    fn default() -> Self {
        Self(Box::new([0; 101]))
    }
}

impl GradeHistogram {
    /// Adds one grade in `0..=1`, rounded to a cent.
    pub fn add(&mut self, grade: f64) {
        if let Some(slot) = self.0.get_mut(cents(grade) as usize) {
            *slot += 1;
        }
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        for (slot, count) in self.0.iter_mut().zip(other.0.iter()) {
            *slot += count;
        }
    }

    /// `(cents, count)` of every grade seen, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> + Clone + '_ {
        (0..=100).zip(self.0.iter().copied()).filter(|&(_, count)| count > 0)
    }

    /// Grades.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Mean grade, `0..=1`; 0 when empty.
    #[must_use]
    pub fn mean(&self) -> f64 {
        mean(self.iter(), self.n())
    }
}
