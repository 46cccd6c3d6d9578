//! Latency quantiles without sorting: each span stores the number of its logarithmic bin, a query counts rows per bin,
//! and a quantile is found by walking the bins. With bins 2 % wide the answer is within 1 % of an exact one (the
//! argument of DDSketch, Masson, Rim and Lee 2019), and a million rows group in one pass.

use std::collections::BTreeMap;

use crate::Error;

const WIDTH: f64 = 1.02;

/// The bin of a latency in microseconds; zero falls into the first.
pub(crate) fn bin(latency_us: u64) -> i64 {
    ((latency_us.max(1) as f64).ln() / WIDTH.ln()).floor() as i64
}

/// The middle of a bin, in microseconds.
fn middle(bin: i64) -> f64 {
    WIDTH.powf(bin as f64 + 0.5)
}

/// Counts per bin.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Histogram(BTreeMap<i64, u64>);

impl Histogram {
    pub(crate) fn add(&mut self, bin: i64, rows: u64) {
        *self.0.entry(bin).or_default() += rows;
    }
    pub(crate) fn merge(&mut self, other: &Self) {
        for (bin, rows) in &other.0 {
            self.add(*bin, *rows);
        }
    }
    /// Per bin, ascending, six bytes: its number in two, its count in four, little-endian. Counts saturate.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 6);
        for (bin, rows) in &self.0 {
            bytes.extend(u16::try_from(*bin).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend(u32::try_from(*rows).unwrap_or(u32::MAX).to_le_bytes());
        }
        bytes
    }
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (bins, rest) = bytes.as_chunks::<6>();
        if !rest.is_empty() {
            return Err(Error::corrupt(format!(
                "a latency histogram of {} bytes, wanted a multiple of 6",
                bytes.len()
            )));
        }
        let mut histogram = Self::default();
        for [a, b, rows @ ..] in bins {
            histogram.add(i64::from(u16::from_le_bytes([*a, *b])), u64::from(u32::from_le_bytes(*rows)));
        }
        Ok(histogram)
    }
    /// The value at rank `ceil(p · n)`; `None` when empty.
    pub(crate) fn quantile(&self, p: f64) -> Option<f64> {
        let total: u64 = self.0.values().sum();
        let rank = ((total as f64 * p).ceil() as u64).max(1);
        let mut seen = 0;
        for (bin, rows) in &self.0 {
            seen += rows;
            if seen >= rank {
                return Some(middle(*bin));
            }
        }
        None
    }
    /// Ends between which the true quantile lies in 95 %: the ranks that a binomial leaves (David and Nagaraja, Order
    /// Statistics, 2003); `None` when empty.
    pub(crate) fn quantile_ci95(&self, p: f64) -> Option<[f64; 2]> {
        let total: u64 = self.0.values().sum();
        let reach = 1.96 * (p * (1.0 - p) / total.max(1) as f64).sqrt();
        self.quantile((p - reach).max(0.0)).zip(self.quantile((p + reach).min(1.0))).map(<[f64; 2]>::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_one_percent() {
        let mut histogram = Histogram::default();
        for latency_us in 1_000..=101_000 {
            histogram.add(bin(latency_us), 1);
        }
        for (p, exact) in [(0.5, 51_000.0), (0.95, 96_000.0), (1.0, 101_000.0)] {
            let found = histogram.quantile(p).unwrap();
            assert!((found / exact - 1.0).abs() < 0.0101, "p{p}: {found} against {exact}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn a_quantile_of_few_is_known_to_a_range_that_narrows() {
        let of = |rows: u64| {
            let mut histogram = Histogram::default();
            (0..rows).for_each(|row| histogram.add(bin(1_000 + 100_000 * row / rows), 1));
            histogram.quantile_ci95(0.95).unwrap()
        };
        let ([low, high], [lower, higher]) = (of(10_000), of(100));
        // As far as bins tell, which are 2 % wide.
        assert!((low / 96_000.0 - 1.0).abs() < 0.02 && (high / 96_000.0 - 1.0).abs() < 0.02, "{low} {high}");
        // Of a hundred, ranks 91 to 100.
        assert!((lower / 91_000.0 - 1.0).abs() < 0.02 && higher > 99_000.0, "{lower} {higher}");
        assert_eq!(Histogram::default().quantile_ci95(0.95), None);
    }

    #[test]
    fn a_histogram_survives_its_bytes_and_damage_is_noticed() {
        let mut histogram = Histogram::default();
        for latency_us in [0, 1, 999, 250_000, u64::MAX] {
            histogram.add(bin(latency_us), latency_us.count_ones().into());
        }
        let bytes = histogram.to_bytes();
        assert_eq!(Histogram::from_bytes(&bytes).unwrap(), histogram);
        assert!(Histogram::from_bytes(&bytes[1..]).is_err());
    }
}
