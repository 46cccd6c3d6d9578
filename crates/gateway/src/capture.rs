//! A bounded copy of the answer, for scoring. Past the bound it keeps what it has and says so; an answer that was cut
//! is never scored, because a check of half an answer says nothing.

use bytes::{Bytes, BytesMut};

/// A bounded copy.
#[derive(Debug)]
pub(crate) struct Capture {
    limit: usize,
    whole: Bytes,
    pieces: BytesMut,
    cut: bool,
}

impl Capture {
    /// Keeps at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, whole: Bytes::new(), pieces: BytesMut::new(), cut: false }
    }
    /// Keeps nothing, which counts as cut: this answer is no text to score.
    pub(crate) fn nothing() -> Self {
        Self { cut: true, ..Self::new(0) }
    }
    /// Keeps a whole answer without copying it.
    pub(crate) fn set(&mut self, answer: &Bytes) {
        self.cut |= answer.len() > self.limit;
        self.whole = answer.slice(..answer.len().min(self.limit));
    }
    /// Keeps one more piece of a stream.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let room = self.limit - self.pieces.len();
        if piece.len() > room {
            self.cut = true;
        }
        self.pieces.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    /// The pieces kept so far; `None` when they are not all.
    pub(crate) fn so_far(&self) -> Option<&[u8]> {
        (!self.cut).then_some(&self.pieces)
    }
    /// What was kept, and whether it was cut.
    pub(crate) fn take(&mut self) -> (Bytes, bool) {
        let pieces = std::mem::take(&mut self.pieces);
        let kept = if pieces.is_empty() { std::mem::take(&mut self.whole) } else { pieces.freeze() };
        (kept, self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_stops_at_its_bound_and_says_so() {
        let mut capture = Capture::new(5);
        capture.push(b"abc");
        capture.push(b"de");
        assert_eq!(capture.take(), (Bytes::from_static(b"abcde"), false));
        let mut capture = Capture::new(5);
        capture.push(b"abcdef");
        capture.push(b"g");
        assert_eq!(capture.take(), (Bytes::from_static(b"abcde"), true));
        let mut capture = Capture::new(5);
        capture.set(&Bytes::from_static(b"abcdefg"));
        assert_eq!(capture.take(), (Bytes::from_static(b"abcde"), true));
    }
}
