//! Between weir's values and SQLite's: ids as 16 bytes, unsigned counts as saturating integers, words by their serde
//! names, whole values as JSON. A value that cannot be read back is `Corrupt`, with its place.

use serde::{Serialize, de::DeserializeOwned, de::IntoDeserializer};
use weir_core::{SpanId, TraceId};

use crate::Error;

/// Counts beyond `i64::MAX` saturate.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Negative counts cannot occur; they read as zero.
pub(crate) fn count(int: i64) -> u64 {
    u64::try_from(int).unwrap_or(0)
}

pub(crate) fn id_bytes(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

fn bits(bytes: &[u8]) -> Result<u128, Error> {
    bytes
        .try_into()
        .map(u128::from_be_bytes)
        .map_err(|_| Error::corrupt(format!("an id of {} bytes, wanted 16", bytes.len())))
}

pub(crate) fn span_id(bytes: &[u8]) -> Result<SpanId, Error> {
    bits(bytes).map(SpanId::from_bits)
}

pub(crate) fn trace_id(bytes: &[u8]) -> Result<TraceId, Error> {
    bits(bytes).map(TraceId::from_bits)
}

/// The unit variant of a serde enum with this name.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let from: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(from).map_err(|error| Error::corrupt(error.to_string()))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unexpected(sqlx::Error::Encode(error.into())))
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::corrupt(format!("{what}: {error}")))
}
