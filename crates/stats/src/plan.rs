//! How many pairs a decision takes, for people who are choosing a margin.

/// Pairs until non-inferiority is proven at `alpha`, when differences have variance `variance` and mean `delta`:
/// `2·Var(D)·(ln(1/α) + 1.3) / (δ + Δ)²`, and never less than `2.7·ln(1/α) / (δ + Δ)`, where the largest bet binds.
/// Within +35 % of simulated medians. `None` when `delta` is at or below `-margin`: no number of pairs would do.
#[must_use]
pub fn pairs_needed(variance: f64, alpha: f64, delta: f64, margin: f64) -> Option<u64> {
    let room = delta + margin;
    if room.is_nan() || room <= 0.0 {
        return None;
    }
    let bar = (1.0 / alpha).ln();
    let noise = 2.0 * variance * (bar + 1.3) / (room * room);
    Some(noise.max(2.7 * bar / room).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reproduces_the_simulated_medians() {
        // Equal arms at margin 0.03: pass/fail 80 % takes 3,452 pairs, pass/fail 99 % takes 414.
        let noisy = pairs_needed(2.0 * 0.16, 0.01, 0.0, 0.03).unwrap();
        assert!((3_452..=4_660).contains(&noisy), "{noisy}");
        let near_ceiling = pairs_needed(2.0 * 0.0099, 0.01, 0.0, 0.03).unwrap();
        assert!((414..=415).contains(&near_ceiling), "{near_ceiling}");
    }

    #[test]
    fn a_candidate_at_the_margin_is_never_proven() {
        assert_eq!(pairs_needed(0.3, 0.01, -0.03, 0.03), None);
        assert_eq!(pairs_needed(0.3, 0.01, f64::NAN, 0.03), None);
    }
}
