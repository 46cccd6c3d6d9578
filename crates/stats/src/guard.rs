//! The error guard: does an arm fail more often than it may? A mixture likelihood ratio of a few worse rates against
//! the allowed one (Robbins 1970, "Statistical methods related to the law of the iterated logarithm"). Each ratio is
//! a supermartingale while the true rate is at most the allowed one, so their mean may be looked at after every
//! request; and because large rates are among the alternatives, an outage is seen after three requests.

use crate::maths::log_mean_exp;

/// Worse rates to test against, besides twice the allowed one.
const WORSE: [f64; 5] = [0.1, 0.2, 0.4, 0.7, 0.95];
/// Smaller allowed rates count as this, so that every logarithm is finite.
const LEAST_ALLOWED: f64 = 1e-6;
/// Above this allowed rate nothing is left to test.
const MOST_ALLOWED: f64 = 0.9;

/// Log evidence that the failure rate is above `allowed`, from `failures` among `n` requests. `allowed` below 1e-6 (or
/// NaN) counts as that; above 0.9 there is no evidence against anything, 0. Requests still in flight belong in `n`: fast
/// failures outrun slow successes, so counting only ended requests would overstate the rate.
#[must_use]
pub fn log_e_failures(failures: u64, n: u64, allowed: f64) -> f64 {
    if allowed > MOST_ALLOWED {
        return 0.0;
    }
    let p0 = allowed.max(LEAST_ALLOWED);
    let failures = failures.min(n);
    let (bad, good) = (failures as f64, (n - failures) as f64);
    let double = (2.0 * p0).min(0.99);
    let alternatives = std::iter::once(double).chain(WORSE.into_iter().filter(move |&p| p > double));
    log_mean_exp(alternatives.map(move |p| bad * (p / p0).ln() + good * ((1.0 - p) / (1.0 - p0)).ln()))
}

/// Standard errors of the control arm's count that are allowed for.
const DOUBT: f64 = 2.0;
/// The control arm's rate starts from this. Worth one request only: when both arms fail, the control's failures must
/// count at once.
const PRIOR: f64 = 0.01;
/// See [`PRIOR`].
const PRIOR_WEIGHT: f64 = 1.0;

/// The rate, `0..=1`, that a control arm's own `bad` among `n` allows a candidate, so that an outage of everything is
/// not the candidate's fault: the control's rate, two standard errors of the count, and `slack`. Without a failure there
/// the first two stay near nothing, which is what sees an outage in three requests; the price is that a control arm
/// which fails often, but has not yet, is taken for a healthy one.
#[must_use]
pub fn allowed(bad: u64, n: u64, slack: f64) -> f64 {
    let seen = bad as f64;
    let known = n as f64 + PRIOR_WEIGHT;
    let rate = (seen + PRIOR * PRIOR_WEIGHT) / known;
    (rate + DOUBT * seen.sqrt() / known + slack).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: f64 = 6.907_755_278_982_137; // ln 1000

    #[test]
    fn a_total_outage_is_seen_after_three_requests() {
        assert!(log_e_failures(2, 2, 0.03) < BAR);
        assert!(log_e_failures(3, 3, 0.03) >= BAR);
    }

    #[test]
    fn failures_at_the_allowed_rate_are_no_evidence() {
        for n in [100, 1_000, 100_000] {
            assert!(log_e_failures(n * 3 / 100, n, 0.03) < 0.0);
        }
        assert!(log_e_failures(0, 0, 0.03).abs() < 1e-12);
    }

    #[test]
    fn at_the_allowed_rate_the_expected_ratio_is_at_most_one() {
        for allowed in [0.001, 0.03, 0.2, 0.49, 0.9] {
            for rate in [allowed / 2.0, allowed] {
                let mean =
                    rate * log_e_failures(1, 1, allowed).exp() + (1.0 - rate) * log_e_failures(0, 1, allowed).exp();
                assert!(mean <= 1.0 + 1e-12, "{allowed} {rate}: {mean}");
            }
        }
    }

    #[test]
    fn odd_inputs_stay_finite() {
        for allowed in [f64::NAN, -1.0, 0.0, 1.0, 7.0] {
            assert!(log_e_failures(9, 3, allowed).is_finite());
        }
    }
}
