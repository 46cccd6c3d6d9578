//! Forward decay (Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay", ICDE 2009): what was seen at `t` weighs
//! `2^((t − L) / h)` from a landmark `L`, half-life `h`. Weights never change afterwards, so nothing runs on a timer,
//! order does not matter, and sums of two replicas add up once they share a landmark. Means depend only on ratios of
//! weights, so the landmark may move whenever a weight would grow too large.

/// The landmark is moved once the newest time is this many half-lives past it.
const MAX_HALF_LIVES: f64 = 64.0;

/// A landmark and a half-life.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decay {
    landmark_s: f64,
    half_life_s: f64,
    newest_s: f64,
}

impl Decay {
    /// In seconds; a half-life that is not positive means that nothing decays.
    pub(crate) fn new(landmark_s: f64, half_life_s: f64) -> Self {
        Self {
            landmark_s: if landmark_s.is_finite() { landmark_s } else { 0.0 },
            half_life_s: if half_life_s > 0.0 { half_life_s } else { f64::INFINITY },
            newest_s: f64::NEG_INFINITY,
        }
    }

    pub(crate) const fn half_life_s(&self) -> f64 {
        self.half_life_s
    }

    /// The same landmark with another half-life.
    pub(crate) const fn with_half_life(self, half_life_s: f64) -> Self {
        Self { half_life_s, ..self }
    }

    /// The newest time met; minus infinity before the first.
    pub(crate) const fn newest_s(&self) -> f64 {
        self.newest_s
    }

    /// Meets `t_s`: its weight, and what every earlier weight is to be multiplied by first.
    pub(crate) fn meet(&mut self, t_s: f64) -> (f64, f64) {
        let far = ((t_s - self.landmark_s) / self.half_life_s).abs() > MAX_HALF_LIVES;
        let scale = if far && t_s > self.newest_s { self.move_to(t_s) } else { 1.0 };
        self.newest_s = self.newest_s.max(t_s);
        (self.weight(t_s), scale)
    }

    /// Moves the landmark; what every weight is to be multiplied by.
    pub(crate) fn move_to(&mut self, landmark_s: f64) -> f64 {
        let scale = 1.0 / self.weight(landmark_s);
        self.landmark_s = landmark_s;
        scale
    }

    /// Both at the later landmark: what the weights of each are to be multiplied by.
    pub(crate) fn join(&mut self, other: &Self) -> (f64, f64) {
        let landmark_s = self.landmark_s.max(other.landmark_s);
        let theirs = 1.0 / other.weight(landmark_s);
        self.newest_s = self.newest_s.max(other.newest_s);
        (self.move_to(landmark_s), theirs)
    }

    /// What `t_s` weighs at the present landmark.
    pub(crate) fn weight(&self, t_s: f64) -> f64 {
        ((t_s - self.landmark_s) / self.half_life_s).exp2()
    }
}
