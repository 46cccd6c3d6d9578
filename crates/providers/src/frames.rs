//! Frames of `application/vnd.amazon.eventstream`, read incrementally and without IO. Any chunking of the same bytes gives
//! the same frames.
//!
//! A frame is its length, the length of its headers, a CRC of these two, headers, payload, and a CRC of all before it, all
//! big-endian. Source: Smithy specification, "Amazon Event Stream". Our own reader because the crate for it brings the whole
//! of Smithy's types for what are a hundred lines.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::sse::MAX_EVENT_BYTES;

const PRELUDE: usize = 12;
const CRC: usize = 4;

/// Bytes that are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// Over the bound.
    #[error("a frame larger than {MAX_EVENT_BYTES} bytes")]
    TooLarge,
    /// A sum that does not hold, or lengths that do not fit.
    #[error("a damaged frame")]
    Damaged,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `:event-type`, or `:exception-type`; empty where neither is.
    pub name: String,
    /// What it carries.
    pub payload: Bytes,
}

/// Cuts a byte stream into frames.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: BytesMut,
}

impl Reader {
    /// Takes the next bytes, however they were cut.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` until more bytes come.
    ///
    /// # Errors
    /// The frame under way is damaged or over the bound; the reader stays there.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, BadFrame> {
        let Some(prelude) = self.buffer.get(..PRELUDE) else { return Ok(None) };
        let (total, headers) = (number(prelude, 0), number(prelude, 4));
        if crc32fast::hash(prelude.get(..8).unwrap_or_default()) as usize != number(prelude, 8) {
            return Err(BadFrame::Damaged);
        }
        if total > MAX_EVENT_BYTES {
            return Err(BadFrame::TooLarge);
        }
        if total < PRELUDE + headers + CRC {
            return Err(BadFrame::Damaged);
        }
        let Some(frame) = self.buffer.get(..total) else { return Ok(None) };
        if crc32fast::hash(frame.get(..total - CRC).unwrap_or_default()) as usize != number(frame, total - CRC) {
            return Err(BadFrame::Damaged);
        }
        let name = name(frame.get(PRELUDE..PRELUDE + headers).unwrap_or_default())?;
        let mut frame = self.buffer.split_to(total).freeze();
        frame.advance(PRELUDE + headers);
        frame.truncate(total - PRELUDE - headers - CRC);
        Ok(Some(Frame { name, payload: frame }))
    }

    /// True when a frame is under way.
    #[must_use]
    pub fn has_residue(&self) -> bool {
        !self.buffer.is_empty()
    }
}

/// The big-endian 32-bit number at `at`.
fn number(bytes: &[u8], at: usize) -> usize {
    let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
    four.map_or(0, |four| u32::from_be_bytes(four) as usize)
}

/// What kind of event the headers say it is. Headers of other types than text are stepped over.
fn name(mut headers: &[u8]) -> Result<String, BadFrame> {
    let mut name = String::new();
    let take = |from: &mut &[u8], length: usize| -> Result<Vec<u8>, BadFrame> {
        let (taken, rest) = from.split_at_checked(length).ok_or(BadFrame::Damaged)?;
        *from = rest;
        Ok(taken.to_vec())
    };
    while !headers.is_empty() {
        let length = take(&mut headers, 1)?.first().copied().map_or(0, usize::from);
        let key = take(&mut headers, length)?;
        let kind = take(&mut headers, 1)?.first().copied().unwrap_or_default();
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            // Bytes and text.
            6 | 7 => take(&mut headers, 2)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            _ => return Err(BadFrame::Damaged),
        };
        let value = take(&mut headers, length)?;
        if matches!(key.as_slice(), b":event-type" | b":exception-type") {
            name = String::from_utf8(value).map_err(|_| BadFrame::Damaged)?;
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the specification has it.
    fn frame(name: &str, payload: &[u8]) -> Vec<u8> {
        let mut headers = Vec::new();
        for (key, value) in [(":message-type", "event"), (":event-type", name)] {
            headers.push(key.len() as u8);
            headers.extend(key.as_bytes());
            headers.push(7);
            headers.extend((value.len() as u16).to_be_bytes());
            headers.extend(value.as_bytes());
        }
        let mut out = Vec::new();
        out.extend(((PRELUDE + headers.len() + payload.len() + CRC) as u32).to_be_bytes());
        out.extend((headers.len() as u32).to_be_bytes());
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out.extend(headers);
        out.extend(payload);
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out
    }

    #[test]
    fn any_chunking_gives_the_same_frames() {
        let bytes = [frame("messageStart", b"{}"), frame("contentBlockDelta", "{\"x\":\"é\"}".as_bytes())].concat();
        for size in 1..=bytes.len() {
            let mut reader = Reader::default();
            let mut names = Vec::new();
            for piece in bytes.chunks(size) {
                reader.push(piece);
                while let Some(frame) = reader.next_frame().unwrap() {
                    names.push((frame.name, frame.payload.len()));
                }
            }
            assert_eq!(names, [("messageStart".to_owned(), 2), ("contentBlockDelta".to_owned(), 10)], "{size}");
            assert!(!reader.has_residue());
        }
    }

    #[test]
    fn one_wrong_bit_anywhere_is_found() {
        let whole = frame("metadata", b"{\"usage\":{}}");
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut reader = Reader::default();
            reader.push(&bytes);
            assert_eq!(reader.next_frame(), Err(BadFrame::Damaged), "bit {bit}");
        }
    }
}
