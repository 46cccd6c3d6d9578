//! Money is an integer count of nano-dollars: sums are exact, and a million adds never drift.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub},
};

use serde::{Deserialize, Serialize};

/// Billionths of a US dollar. Saturates instead of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Dollars as a float, for people to read.
    #[must_use]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
    /// The nearest nano-dollar to `usd`, saturating; NaN becomes zero.
    #[must_use]
    pub fn from_usd(usd: f64) -> Self {
        Self((usd * 1e9).round() as i64)
    }
    /// What `tokens` cost at `self` per million tokens, rounded half up.
    #[must_use]
    pub fn per_million(self, tokens: u64) -> Self {
        let exact = i128::from(self.0) * i128::from(tokens);
        Self(i64::try_from((exact + 500_000).div_euclid(1_000_000)).unwrap_or(i64::MAX))
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::ZERO, Add::add)
    }
}
impl fmt::Display for NanoUsd {
    /// Dollars with nine decimals, exact: `0.000012345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nano = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_per_million_round_half_up_and_a_million_adds_are_exact() {
        assert_eq!(NanoUsd::from_usd(0.15).per_million(1_000), NanoUsd(150_000));
        assert_eq!(NanoUsd(1).per_million(500_000), NanoUsd(1));
        let total: NanoUsd = std::iter::repeat_n(NanoUsd(37), 1_000_000).sum();
        assert_eq!(total, NanoUsd(37_000_000));
        assert_eq!(NanoUsd(-1_500_000_000).to_string(), "-1.500000000");
    }
}
