//! Where finished requests go.

use crate::span::Record;

/// Takes finished requests. Must return in microseconds and must not fail a reply: implementations queue, spool or
/// count what they cannot keep.
pub trait SpanSink: Send + Sync {
    /// Takes one. When this returns, the record survives a killed process.
    fn record(&self, record: Record);
}
