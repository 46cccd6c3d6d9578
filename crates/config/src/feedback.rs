//! Tokens by which somebody without a key grades one answer: the one they were given, for a while, and no other. A token
//! goes out with each reply, names nobody and is not stored; it is the HMAC-SHA256 (RFC 2104) of the span and the second
//! at which it ends.

use std::{fmt, time::Duration};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use weir_core::{SpanId, Timestamp};

/// How long a token may be used.
const GOOD_FOR: Duration = Duration::from_hours(24);
/// Block of SHA-256, in bytes.
const BLOCK: usize = 64;
/// Tells these messages from any other use of the key.
const DOMAIN: &[u8] = b"weir feedback 1";

/// Makes and checks tokens. Every replica of one weir holds the same key, which is kept as the state it leads to: half
/// of the work of a short message is the key's.
#[derive(Clone)]
pub struct FeedbackKey(Hmac<Sha256>);

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// Not made here, or for another answer.
    #[error("the feedback token is not for this answer")]
    Forged,
    /// Its time is over.
    #[error("the feedback token has expired")]
    Expired,
}

impl fmt::Debug for FeedbackKey {
    /// Shows nothing of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FeedbackKey")
    }
}

impl FeedbackKey {
    /// A key of these unguessable bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        // A key shorter than a block is filled with zeros by definition.
        let mut block = [0; BLOCK];
        block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Self(Hmac::new(&block.into()))
    }

    /// The token for this answer, 24 hours from now. About a microsecond.
    #[must_use]
    pub fn token(&self, span: SpanId, now: Timestamp) -> String {
        let until_s = now.plus(GOOD_FOR).0.div_euclid(1_000_000);
        format!("{until_s:x}.{}", self.seal(span, until_s))
    }

    /// Checks a token that was presented for this answer.
    ///
    /// # Errors
    /// `Forged` and `Expired`; only a true token can be expired.
    pub fn check(&self, token: &str, span: SpanId, now: Timestamp) -> Result<(), FeedbackError> {
        let (until, seal) = token.split_once('.').ok_or(FeedbackError::Forged)?;
        let until_s = i64::from_str_radix(until, 16).map_err(|_| FeedbackError::Forged)?;
        let wanted = self.seal(span, until_s);
        if !bool::from(wanted.as_bytes().ct_eq(seal.as_bytes())) {
            return Err(FeedbackError::Forged);
        }
        if now.0.div_euclid(1_000_000) > until_s { Err(FeedbackError::Expired) } else { Ok(()) }
    }

    fn seal(&self, span: SpanId, until_s: i64) -> String {
        let mac = self.0.clone().chain_update(DOMAIN).chain_update(span.bits().to_be_bytes());
        format!("{:x}", mac.chain_update(until_s.to_be_bytes()).finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_used_as_rfc_2104_says() {
        let (span, until_s) = (SpanId::from_bits(1), 1_795_219_200_i64);
        let message = [DOMAIN, &span.bits().to_be_bytes(), &until_s.to_be_bytes()].concat();
        let whole = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap().chain_update(message);
        assert_eq!(FeedbackKey::new([7; 32]).seal(span, until_s), format!("{:x}", whole.finalize().into_bytes()));
    }

    #[test]
    fn a_token_is_good_for_its_answer_and_its_time() {
        let key = FeedbackKey::new([7; 32]);
        let (span, now) = (SpanId::from_bits(1), Timestamp(1_795_219_200_000_000));
        let token = key.token(span, now);
        assert_eq!(key.check(&token, span, now), Ok(()));
        assert_eq!(key.check(&token, span, now.plus(GOOD_FOR)), Ok(()));
        let late = now.plus(GOOD_FOR + Duration::from_secs(1));
        assert_eq!(key.check(&token, span, late), Err(FeedbackError::Expired));
        assert_eq!(key.check(&token, SpanId::from_bits(2), now), Err(FeedbackError::Forged));
        assert_eq!(FeedbackKey::new([8; 32]).check(&token, span, now), Err(FeedbackError::Forged));
        let longer = format!("{:x}.{}", i64::MAX, token.split_once('.').unwrap().1);
        for forged in [longer.as_str(), "", ".", "zz.", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(key.check(forged, span, now), Err(FeedbackError::Forged), "{forged}");
        }
    }
}
