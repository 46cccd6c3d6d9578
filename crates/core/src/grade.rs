//! A grade is a number in `0..=1`; anything else, NaN above all, never enters a window.

use serde::{Deserialize, Serialize};

/// A quality grade in `0..=1`, higher is better.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Grade(f64);

impl Grade {
    /// The worst grade.
    pub const ZERO: Self = Self(0.0);
    /// The best grade.
    pub const ONE: Self = Self(1.0);

    /// # Errors
    /// When `value` is not a number in `0..=1`.
    pub fn new(value: f64) -> Result<Self, NotAGrade> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(NotAGrade(value)) }
    }
    /// 1 for true, 0 for false.
    #[must_use]
    pub const fn pass(pass: bool) -> Self {
        if pass { Self::ONE } else { Self::ZERO }
    }
    /// The number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Grade {
    type Error = NotAGrade;
    fn try_from(value: f64) -> Result<Self, NotAGrade> {
        Self::new(value)
    }
}

impl From<Grade> for f64 {
    fn from(grade: Grade) -> Self {
        grade.0
    }
}

/// The number is outside `0..=1` or not a number.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a grade lies between 0 and 1, found {0}")]
pub struct NotAGrade(pub f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_between_zero_and_one_are_grades() {
        assert!(Grade::new(f64::NAN).is_err());
        assert!(Grade::new(-0.01).is_err());
        assert!(Grade::new(1.01).is_err());
        assert_eq!(Grade::new(0.5).map(Grade::value), Ok(0.5));
    }
}
