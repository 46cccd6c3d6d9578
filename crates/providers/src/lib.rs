//! Everything that knows how a provider speaks, and the one door through which weir speaks to it.
//!
//! Codecs are pure: bytes in, bytes out, no IO, so that every fault of a wire can be written as a test without a
//! socket. [`transport`] is the only module in the workspace that opens outbound sockets.

mod chat;
pub mod dialect;
pub mod exchange;
pub mod frames;
pub mod outcome;
pub mod prices;
pub mod scrub;
pub mod sse;
pub mod stream;
pub mod transport;
