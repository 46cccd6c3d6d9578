//! What can go wrong on purpose.

/// A fault, injected into a share of a model's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error with this status and these extra headers, in the dialect's shape.
    Status(u16, Vec<(String, String)>),
    /// No answer, ever.
    Hang,
    /// The answer's first byte comes this late, in milliseconds.
    SlowFirstByte(u64),
    /// The connection is cut after so many content chunks of a stream; a whole answer is cut in its middle.
    CutStreamAfter(usize),
    /// The stream ends cleanly after so many content chunks, with neither finish reason nor `[DONE]`.
    EndStreamAfter(usize),
    /// Nothing more comes after so many content chunks, and the connection stays open.
    StallAfter(usize),
    /// An error event in the stream after so many content chunks.
    ErrorEventAfter(usize),
    /// Bytes that are no JSON in the stream after so many content chunks; a whole answer of such bytes.
    Garbage(usize),
    /// A 200 with no body.
    EmptyBody,
    /// A 200 with a page of markup.
    Html,
    /// A 200 with this many bytes of JSON string.
    HugeBody(usize),
    /// A 401 for this key, and nothing for any other.
    RevokedKey(String),
    /// An error whose message repeats the request's key.
    EchoAuthHeader,
    /// A stream without `[DONE]`.
    NoDone,
    /// A stream with `[DONE]` twice.
    DoubleDone,
    /// A stream that stays open after `[DONE]`.
    LingerAfterDone,
    /// Everything in writes of one byte.
    Trickle,
    /// No usage at all.
    NoUsage,
    /// Negative and absurd token counts.
    InsaneUsage,
    /// A redirect to this place.
    Redirect(String),
}
