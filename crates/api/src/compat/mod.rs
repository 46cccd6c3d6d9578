//! Other products' interfaces, so that code written for them can tell weir what it thinks of an answer: one file per
//! vendor. Each reads the vendor's shape as its clients send it, unknown fields included, and keeps what it says in
//! weir's own terms.

pub(crate) mod feedback;
pub(crate) mod langfuse;
pub(crate) mod langfuse_dataset;
pub(crate) mod langfuse_queue;
pub(crate) mod langfuse_score;
pub(crate) mod openai_evals;
pub(crate) mod openai_files;
pub(crate) mod openai_graders;
pub(crate) mod otlp;
mod outside;
pub(crate) mod phoenix;
pub(crate) mod tensorzero;
