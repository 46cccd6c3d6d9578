//! Grades of six kinds, each a table over cents, so that a draw is one uniform number and a look-up. Between the
//! points of a kind's scale grades are rounded up or down at random, which keeps the mean exact.

use weir_core::entropy::{mix, unit};

/// SplitMix64 without the atomic.
pub(super) struct Random(u64);

impl Random {
    /// Streams of different seeds and runs do not overlap in practice.
    pub(super) fn new(seed: u64, run: u64) -> Self {
        Self(mix(mix(seed) ^ run.wrapping_mul(0xd134_2543_de82_ef95)))
    }

    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        unit(mix(self.0))
    }
}

/// A kind of grade and the baseline's mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) mean: f64,
    shape: Shape,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    PassFail,
    /// Beta distributed with this standard deviation, on a scale of so many steps.
    Beta {
        sd: f64,
        steps: usize,
    },
}

const fn pass_fail(name: &'static str, mean: f64) -> Kind {
    Kind { name, mean, shape: Shape::PassFail }
}

pub(super) const PASS_80: Kind = pass_fail("pass/fail 80 %", 0.8);
pub(super) const LIKERT: Kind =
    Kind { name: "Likert-5 judge 0.8", mean: 0.8, shape: Shape::Beta { sd: 0.22, steps: 4 } };
pub(super) const JUDGE: Kind =
    Kind { name: "continuous judge 0.8", mean: 0.8, shape: Shape::Beta { sd: 0.2, steps: 100 } };

pub(super) const KINDS: [Kind; 6] = [
    pass_fail("pass/fail 50 %", 0.5),
    PASS_80,
    pass_fail("pass/fail 95 %", 0.95),
    pass_fail("pass/fail 99 %", 0.99),
    LIKERT,
    JUDGE,
];

/// Points of the numerical integral.
const POINTS: u32 = 40_000;
/// Entries of the table of first guesses.
const GUESSES: usize = 1024;

/// A distribution over cents.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    /// Ascending, ends at 1.
    cumulative: Vec<f64>,
    cents: Vec<i32>,
    /// First entry that can be reached from `k / GUESSES`.
    guess: Vec<usize>,
}

impl Kind {
    /// Grades of this kind with a mean that is `delta` above the baseline's; `None` when there are none.
    pub(super) fn draw(self, delta: f64) -> Option<Draw> {
        let mean = self.mean + delta;
        if !(0.0..=1.0).contains(&mean) {
            return None;
        }
        Some(match self.shape {
            Shape::PassFail => Draw::new(vec![(0, 1.0 - mean), (100, mean)]),
            Shape::Beta { sd, steps } => Draw::new(beta(mean, sd, steps)),
        })
    }
}

impl Draw {
    fn new(mass: Vec<(i32, f64)>) -> Self {
        let total: f64 = mass.iter().map(|(_, mass)| mass).sum();
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = mass
            .iter()
            .map(|(_, mass)| {
                sum += mass / total;
                sum
            })
            .collect();
        if let Some(last) = cumulative.last_mut() {
            *last = 1.0;
        }
        let guess =
            (0..GUESSES).map(|k| cumulative.partition_point(|&edge| edge <= k as f64 / GUESSES as f64)).collect();
        Self { cumulative, cents: mass.into_iter().map(|(cents, _)| cents).collect(), guess }
    }

    /// A grade in cents.
    pub(super) fn cents(&self, random: &mut Random) -> i32 {
        let point = random.unit();
        let mut at = self.guess[(point * GUESSES as f64) as usize];
        while self.cumulative[at] <= point {
            at += 1;
        }
        self.cents[at]
    }

    pub(super) fn mean(&self) -> f64 {
        let mut below = 0.0;
        self.cumulative
            .iter()
            .zip(&self.cents)
            .map(|(&edge, &cents)| {
                let mass = edge - below;
                below = edge;
                mass * f64::from(cents) / 100.0
            })
            .sum()
    }
}

/// With `t = (1 − x)^b` the density at 1 is no pole: `x^(a−1)·(1 − x)^(b−1) dx ∝ x^(a−1) dt`.
fn beta(mean: f64, sd: f64, steps: usize) -> Vec<(i32, f64)> {
    let size = mean * (1.0 - mean) / (sd * sd) - 1.0;
    let (a, b) = (mean * size, (1.0 - mean) * size);
    let mut mass = vec![0.0; steps + 1];
    for k in 0..POINTS {
        let t = (f64::from(k) + 0.5) / f64::from(POINTS);
        let x = 1.0 - t.powf(1.0 / b);
        let density = x.powf(a - 1.0);
        let at = x * steps as f64;
        let below = (at.floor() as usize).min(steps - 1);
        mass[below] += density * (1.0 - (at - below as f64));
        mass[below + 1] += density * (at - below as f64);
    }
    let width = 100 / steps as i32;
    mass.into_iter().enumerate().map(|(k, mass)| (k as i32 * width, mass)).collect()
}
