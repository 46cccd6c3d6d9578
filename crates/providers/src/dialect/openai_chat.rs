//! OpenAI chat completions, as spoken by OpenAI and by every provider that copies it.
//!
//! Only the fields that weir acts on are read, borrowed from the caller's bytes; the body that goes upstream is the
//! caller's own with the model name replaced. Rebuilding it from a value tree costs more than the rest of the gateway
//! and loses fields that we don't know yet.
//!
//! Source: OpenAI API reference, "Chat completions" and "Streaming".

mod errors;
mod json;
mod peek;
mod reply;
mod splice;
mod text;

pub use errors::{error_body, sse_error};
pub use peek::{BadRequest, Peek, peek};
pub use reply::{Broken, Reply, estimate_tokens, read_reply};
pub use splice::{splice, splice_usage_extension};
pub use text::{answer, messages};

pub(crate) use reply::{identity, read_usage};
