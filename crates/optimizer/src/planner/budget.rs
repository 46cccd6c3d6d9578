//! How much traffic trying may take: a share, and a number of dollars a day.

use serde::{Deserialize, Serialize};

/// Limits on exploration. Zero of either means shadow only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Largest share of units in a canary's candidate arm, `0..=0.5`.
    pub share: f64,
    /// Most dollars a day that trying may cost beyond ordinary traffic; `None` for no limit.
    pub usd_per_day: Option<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { share: 0.05, usd_per_day: None }
    }
}

impl Budget {
    /// The share a trial may take, when it costs `extra_usd` more per request than ordinary traffic (judging included)
    /// and `requests_per_day` come. A trial that costs nothing is limited by the share alone. Never negative or NaN.
    #[must_use]
    pub fn allowed(&self, requests_per_day: f64, extra_usd: f64) -> f64 {
        let ceiling = if self.share > 0.0 { self.share.min(0.5) } else { 0.0 };
        let daily = requests_per_day * extra_usd;
        match self.usd_per_day {
            Some(limit) if daily > 0.0 => ceiling.min((limit / daily).max(0.0)),
            Some(limit) if limit <= 0.0 => 0.0,
            _ => ceiling,
        }
    }
}
