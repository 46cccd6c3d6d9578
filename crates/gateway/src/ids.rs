//! The two ids of a request, drawn once and written once: every reply carries them, errors included, so that a person
//! with an error in hand can find its span.

use http::{HeaderMap, HeaderValue};
use weir_core::{Entropy, SpanId, Timestamp, TraceId, deployment::Dialect};

use crate::{headers, trace};

/// The ids of one request.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    pub(crate) span: SpanId,
    pub(crate) trace: TraceId,
    /// The caller's span, where it sent one.
    pub(crate) parent: Option<u64>,
    span_text: HeaderValue,
    trace_text: HeaderValue,
}

impl Ids {
    /// Joins the caller's trace, or begins one.
    pub(crate) fn draw(asked: &HeaderMap, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let parent = asked.get(headers::TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(trace::parse);
        let span = SpanId::at(now, entropy);
        let trace = parent.map_or_else(|| TraceId::draw(entropy), |parent| parent.trace);
        Self {
            span,
            trace,
            parent: parent.map(|parent| parent.span),
            span_text: hex(span.bits()),
            trace_text: hex(trace.bits()),
        }
    }

    /// Puts both on a reply.
    pub(crate) fn stamp(&self, reply: &mut HeaderMap) {
        reply.insert(headers::SPAN_ID, self.span_text.clone());
        reply.insert(headers::TRACE_ID, self.trace_text.clone());
    }

    /// The span once more under the name by which the dialect's SDKs report a request.
    pub(crate) fn name(&self, dialect: Dialect, reply: &mut HeaderMap) {
        let name = match dialect {
            Dialect::Anthropic => headers::REQUEST_ID_ANTHROPIC,
            _ => headers::REQUEST_ID,
        };
        reply.insert(name, self.span_text.clone());
    }
}

fn hex(bits: u128) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0u8; 32];
    for (place, byte) in text.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
        place[0] = DIGITS[usize::from(byte >> 4)];
        place[1] = DIGITS[usize::from(byte & 15)];
    }
    // Hex digits are always a header value.
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use weir_core::entropy::Seeded;

    use super::*;

    #[test]
    fn the_header_text_is_the_ids_own_text() {
        let ids = Ids::draw(&HeaderMap::new(), Timestamp(5), &Seeded::new(7));
        let mut reply = HeaderMap::new();
        ids.stamp(&mut reply);
        assert_eq!(reply[headers::SPAN_ID], ids.span.to_string());
        assert_eq!(reply[headers::TRACE_ID], ids.trace.to_string());
    }
}
