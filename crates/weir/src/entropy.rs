//! The operating system's randomness: span ids are capabilities, so they must be unguessable.

use rand::Rng;
use weir_core::Entropy;

/// A cryptographic generator per thread, seeded and reseeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn next_u64(&self) -> u64 {
        rand::rng().next_u64()
    }
}
