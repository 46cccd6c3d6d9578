//! W3C `traceparent`: honoured when well formed, otherwise a fresh trace begins, as the recommendation asks
//! (Trace Context, level 1, §3.2).

use weir_core::TraceId;

/// What the caller sent: its trace and the span that called us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    /// The trace to join.
    pub(crate) trace: TraceId,
    /// The caller's span.
    pub(crate) span: u64,
}

/// Reads `version-trace-span-flags`. Versions after 00 may append fields; 00 may not.
pub(crate) fn parse(header: &str) -> Option<Parent> {
    let mut parts = header.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = parts.next()?;
    let span = hex(parts.next()?, 16)?;
    hex(parts.next()?, 2)?;
    if version == 0xff || (version == 0 && parts.next().is_some()) || span == 0 {
        return None;
    }
    // The recommendation wants lower case; taking upper case too would give one trace two names.
    if trace.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let trace: TraceId = trace.parse().ok()?;
    (trace.bits() != 0).then_some(Parent { trace, span })
}

fn hex(text: &str, digits: usize) -> Option<u64> {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != digits || !text.bytes().all(lower) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_well_formed_traceparent_is_joined() {
        let parent = parse(GOOD).unwrap();
        assert_eq!(parent.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.span, 0xb7ad_6b71_6920_3331);
        assert!(parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later").is_some());
    }

    #[test]
    fn a_malformed_traceparent_is_ignored() {
        for bad in [
            "",
            "00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
