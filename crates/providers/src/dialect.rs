//! Wire formats. A dialect is a set of pure functions over bytes; what is not acted on passes through untouched.

pub mod openai_chat;
