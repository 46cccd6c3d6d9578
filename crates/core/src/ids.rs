//! Identifiers. Names people choose are interned strings; ids weir makes are 128-bit and unguessable, because a
//! span id alone lets its holder read a decision and post a score.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Entropy, Timestamp};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
            /// The name as text that can be kept without a copy.
            #[must_use]
            pub const fn shared(&self) -> &Arc<str> {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }
        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name.into())
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name! {
    /// A kind of traffic with its own scorers, floor and policy.
    WorkloadId
}
name! {
    /// One credentialed endpoint of one model.
    DeploymentId
}
name! {
    /// What is scored online, by what, and how much of it.
    RuleName
}
name! {
    /// A scorer as named in a workload, without its version.
    ScorerName
}
name! {
    /// One canary, `c-` and eight hex digits.
    CanaryId
}
name! {
    /// One immutable policy state of one workload, `r-0001` and up.
    RevisionId
}

/// 128 random bits, written as 32 hex digits.
macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// Draws a fresh id.
            pub fn draw(entropy: &dyn Entropy) -> Self {
                Self((u128::from(entropy.next_u64()) << 64) | u128::from(entropy.next_u64()))
            }
            /// The id with these bits.
            #[must_use]
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }
            /// The 128 bits.
            #[must_use]
            pub const fn bits(self) -> u128 {
                self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                // `from_str_radix` alone would also take a sign.
                if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(ParseIdError);
                }
                u128::from_str_radix(text, 16).map(Self).map_err(|_| ParseIdError)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

random_id! {
    /// One request through the gateway.
    SpanId
}
random_id! {
    /// A W3C trace, the caller's where it sent `traceparent`.
    TraceId
}

impl SpanId {
    /// A fresh id: the millisecond of `now` in the first 48 bits, 80 random bits after it. Later ids are greater, so
    /// that an index on them grows at its end instead of touching a random page for every request.
    #[must_use]
    pub fn at(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let ms = u128::from((now.0 / 1_000).cast_unsigned() & 0xffff_ffff_ffff);
        let random = Self::draw(entropy).0 & (u128::MAX >> 48);
        Self(ms << 80 | random)
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 hexadecimal digits")]
pub struct ParseIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_later_milliseconds_are_greater_and_ids_of_one_differ() {
        let entropy = crate::entropy::Seeded::new(1);
        let at = |us| SpanId::at(Timestamp(us), &entropy);
        let (first, same, later) = (at(1_700_000_000_000_000), at(1_700_000_000_000_999), at(1_700_000_000_001_000));
        assert_ne!(first, same);
        assert!(first.bits().max(same.bits()) < later.bits());
        assert_eq!(first.bits() >> 80, 1_700_000_000_000);
    }

    #[test]
    fn an_id_survives_text_and_refuses_a_sign() {
        let id = SpanId::from_bits(0x0123_4567_89ab_cdef_0000_0000_0000_00ff);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("+123456789abcdef0123456789abcdef".parse::<SpanId>(), Err(ParseIdError));
        assert_eq!("abc".parse::<SpanId>(), Err(ParseIdError));
    }
}
