//! OpenAI's Evals: graders over `{{item.…}}` and `{{sample.…}}`, as their API defines them, so that definitions written
//! for it keep working. What needs a model is a request to send and a reply to read; nothing here asks anybody.

mod asking;
mod formula;
mod grader;
mod ran;
mod rows;
mod similarity;
mod template;

pub use asking::{content, sampled_by};
pub use grader::{Graded, Grader, GraderError, Step};
pub use ran::{Fault, Ran, sample_of};
pub use rows::{MOST_ROWS, rows};
pub use similarity::embedder;
pub use template::{Scope, render};

#[cfg(test)]
mod tests;
