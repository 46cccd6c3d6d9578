//! Where to spend scores: more of them go to a deployment about which a decision is open, and few to one that is settled.
//!
//! A score is worth what it can change. Its value for a deployment is the chance that the decision about it is still
//! open, times its traffic, times what the decision is worth. Open is a deployment whose interval holds the floor; beyond
//! it the chance falls with the distance in half-widths, (h / d)⁴. Worth is the gap between its price and that of the
//! cheapest deployment that could take its place, relative to the dearest. Shares are the values scaled so that the mean
//! over the traffic is the wanted one; no share falls under a tenth of it, which keeps every deployment watched and every
//! inverse-probability weight bounded.

/// Least share, as a part of the wanted mean.
const LEAST: f64 = 0.1;

/// What is known of one deployment of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// Its window's bounds, `0..=1`; `None` without evidence.
    pub interval: Option<(f64, f64)>,
    /// Its share of the traffic, `0..=1`.
    pub traffic: f64,
    /// What a request costs there, in dollars.
    pub price: f64,
}

/// The share of each deployment's answers to score, `0..=1`, in the order of `arms`. `floor` is the least acceptable
/// quality; without one, the best deployment's mean is what others are held against. `mean` is the wanted share over all
/// traffic.
#[must_use]
pub fn shares(arms: &[Arm], floor: Option<f64>, mean: f64) -> Vec<f64> {
    let mean = mean.clamp(0.0, 1.0);
    let least = mean * LEAST;
    let middle = |arm: &Arm| arm.interval.map(|(lower, upper)| f64::midpoint(lower, upper));
    let best = arms.iter().filter_map(middle).fold(0.0, f64::max);
    let boundary = floor.unwrap_or(best);
    let dearest = arms.iter().map(|arm| arm.price).fold(0.0, f64::max);
    let cheapest = arms.iter().map(|arm| arm.price).fold(f64::INFINITY, f64::min);
    let values: Vec<f64> = arms
        .iter()
        .map(|arm| {
            // Between prices that are alike a decision is still worth something: quality.
            let gap = if dearest > 0.0 { (dearest - arm.price).max(arm.price - cheapest) / dearest } else { 0.0 };
            open(arm.interval, boundary) * (0.1 + 0.9 * gap.clamp(0.0, 1.0))
        })
        .collect();
    scale(arms, &values, mean, least)
}

/// The chance, roughly, that a decision at `boundary` is still open.
fn open(interval: Option<(f64, f64)>, boundary: f64) -> f64 {
    let Some((lower, upper)) = interval else {
        return 1.0;
    };
    let half = (upper - lower).max(1e-6) / 2.0;
    let distance = (f64::midpoint(lower, upper) - boundary).abs();
    if distance <= half { 1.0 } else { (half / distance).powi(4) }
}

/// Values to shares between `least` and 1 whose mean over the traffic is `mean`, by bisection on the scale: the mean only
/// grows with it.
fn scale(arms: &[Arm], values: &[f64], mean: f64, least: f64) -> Vec<f64> {
    let traffic: f64 = arms.iter().map(|arm| arm.traffic.max(0.0)).sum();
    let at = |scale: f64| values.iter().map(|value| (value * scale).clamp(least, 1.0)).collect::<Vec<f64>>();
    if traffic <= 0.0 {
        return vec![mean; arms.len()];
    }
    let mean_of = |shares: &[f64]| {
        arms.iter().zip(shares).map(|(arm, share)| arm.traffic.max(0.0) * share).sum::<f64>() / traffic
    };
    // Every value is at least (half / 1)⁴ of its least worth; the greatest scale brings any of them to 1.
    let greatest = values.iter().copied().filter(|value| *value > 0.0).fold(1.0, f64::min).recip();
    let (mut low, mut high) = (0.0, greatest);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if mean_of(&at(middle)) < mean { low = middle } else { high = middle }
    }
    at(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn arm(interval: Option<(f64, f64)>, traffic: f64, price: f64) -> Arm {
        Arm { interval, traffic, price }
    }

    #[test]
    fn open_decisions_get_more_and_settled_ones_a_trickle() {
        let arms = [
            arm(Some((0.96, 0.98)), 0.8, 1.0),
            arm(Some((0.7, 0.9)), 0.1, 0.1),
            arm(None, 0.05, 0.2),
            arm(Some((0.2, 0.25)), 0.05, 0.05),
        ];
        let shares = shares(&arms, Some(0.8), 0.1);
        let mean: f64 = arms.iter().zip(&shares).map(|(arm, share)| arm.traffic * share).sum();
        assert!((mean - 0.1).abs() < 1e-6, "{mean}");
        assert!(shares[1] > 0.3 && shares[2] > 0.3, "{shares:?}");
        assert!((shares[0] - 0.01).abs() < 1e-9 && (shares[3] - 0.01).abs() < 1e-9, "{shares:?}");
    }

    #[test]
    fn every_share_stays_between_its_bounds_whatever_is_known() {
        for mean in [0.0, 0.001, 0.5, 1.0, 2.0] {
            for floor in [None, Some(0.0), Some(1.0)] {
                for arms in [
                    vec![],
                    vec![arm(None, 0.0, 0.0)],
                    vec![arm(Some((0.5, 0.5)), 1.0, 0.0), arm(Some((0.0, 1.0)), 0.0, 5.0)],
                    vec![arm(Some((0.9, 0.91)), 0.5, 1.0), arm(Some((0.1, 0.11)), 0.5, 1.0)],
                ] {
                    let wanted = f64::clamp(mean, 0.0, 1.0);
                    for share in shares(&arms, floor, mean) {
                        assert!((wanted * LEAST - 1e-12..=1.0).contains(&share), "{share} {arms:?}");
                        assert!(wanted == 0.0 || share > 0.0);
                    }
                }
            }
        }
    }
}
