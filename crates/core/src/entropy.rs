//! Randomness is passed in, so that a decision or a simulation can be replayed from its seed.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of uniform random 64-bit words. Never blocks, never fails.
pub trait Entropy: Send + Sync {
    /// The next word.
    fn next_u64(&self) -> u64;

    /// Uniform in `[0, 1)` with 53 bits.
    fn next_unit(&self) -> f64 {
        unit(self.next_u64())
    }
}

/// Maps a word to `[0, 1)` with 53 bits.
#[must_use]
pub fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection that scatters close inputs.
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a (Fowler, Noll, Vo): the same on every machine, as what a session hashes to must be. Scatter it with [`mix`].
#[must_use]
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// SplitMix64 over one atomic counter: lock-free, replayable, not for secrets.
#[derive(Debug)]
pub struct Seeded(AtomicU64);

impl Seeded {
    /// The stream that starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Entropy for Seeded {
    fn next_u64(&self) -> u64 {
        mix(self.0.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeded_stream_is_splitmix64() {
        // First words of the reference generator at seed 0.
        let words = Seeded::new(0);
        assert_eq!(words.next_u64(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(words.next_u64(), 0x6e78_9e6a_a1b9_65f4);
    }
}
