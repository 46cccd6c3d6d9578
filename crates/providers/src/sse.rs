//! Server-sent events, read incrementally and without IO. Any chunking of the same bytes gives the same events.
//!
//! Our own reader rather than a crate, because weir forwards events byte for byte: it needs each event's raw bytes,
//! comments and line endings included, beside the decoded data, and a bound on what may be buffered. Follows the WHATWG
//! HTML standard, section "Server-sent events", except that an unfinished last event is offered by [`Reader::residue`].

use std::borrow::Cow;

/// Largest event taken, in bytes.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// An event over the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event larger than {MAX_EVENT_BYTES} bytes")]
pub struct TooLarge;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// As received, from its first byte to its blank line.
    pub raw: &'a [u8],
}

impl<'a> Event<'a> {
    /// The data lines, joined by `\n`; empty for comments and other fields.
    #[must_use]
    pub fn data(&self) -> Cow<'a, [u8]> {
        let mut data: Option<Cow<'a, [u8]>> = None;
        for line in lines(self.raw) {
            let Some(value) = field(line, b"data") else {
                continue;
            };
            match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(joined) => {
                    let joined = joined.to_mut();
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
            }
        }
        data.unwrap_or_default()
    }

    /// The event's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'a [u8]> {
        lines(self.raw).filter_map(|line| field(line, b"event")).last()
    }
}

fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty())
}

/// The value of the line, when it is of the field `name`: behind the colon and at most one space.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// Cuts a byte stream into events.
#[derive(Debug)]
pub struct Reader {
    buffer: Vec<u8>,
    /// Start of the current event.
    start: usize,
    /// Start of the current line.
    line: usize,
    /// Nothing before this needs to be looked at again.
    seen: usize,
    /// The byte order mark has been looked for.
    begun: bool,
    max: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Reader {
    /// A reader at the start of a stream, bounded by [`MAX_EVENT_BYTES`].
    #[must_use]
    pub const fn new() -> Self {
        Self::with_max(MAX_EVENT_BYTES)
    }

    /// A reader that refuses events over `max` bytes.
    #[must_use]
    pub const fn with_max(max: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, line: 0, seen: 0, begun: false, max }
    }

    /// Takes the next bytes, however they were cut.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.line -= self.start;
            self.seen -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event, or `None` until more bytes come. Stretches without any field (stray blank lines) belong to
    /// the event they precede.
    ///
    /// # Errors
    /// The event under way is over the bound; the reader stays there.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, TooLarge> {
        if !self.begun {
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(None);
            }
            self.begun = true;
            if self.buffer.starts_with(BOM) {
                self.start = BOM.len();
                self.line = self.start;
                self.seen = self.start;
            }
        }
        loop {
            let rest = self.buffer.get(self.seen..).unwrap_or_default();
            let Some(step) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.seen = self.buffer.len();
                break;
            };
            let end = self.seen + step;
            let after = match (self.buffer.get(end), self.buffer.get(end + 1)) {
                (Some(b'\r'), Some(b'\n')) => end + 2,
                // The line feed of a CRLF may still be on its way: deciding now would depend on the chunking.
                (Some(b'\r'), None) => {
                    self.seen = end;
                    break;
                }
                _ => end + 1,
            };
            let blank = end == self.line;
            let first = self.line == self.start;
            self.line = after;
            self.seen = after;
            if blank && !first {
                let raw = self.start..after;
                self.start = after;
                if raw.len() > self.max {
                    return Err(TooLarge);
                }
                return Ok(Some(Event { raw: self.buffer.get(raw).unwrap_or_default() }));
            }
            if blank {
                // A stray blank line ends nothing; it is dropped.
                self.start = after;
            }
        }
        if self.buffer.len() - self.start > self.max {
            return Err(TooLarge);
        }
        Ok(None)
    }

    /// What is left when the stream has ended: an event whose blank line never came.
    #[must_use]
    pub fn residue(&self) -> Option<Event<'_>> {
        let raw = self.buffer.get(self.start..).unwrap_or_default();
        let raw = if self.begun { raw } else { raw.strip_prefix(BOM).unwrap_or(raw) };
        (!raw.trim_ascii().is_empty()).then_some(Event { raw })
    }
}
