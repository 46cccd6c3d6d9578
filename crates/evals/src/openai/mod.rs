//! OpenAI's Evals: graders over `{{item.…}}` and `{{sample.…}}`, as their API defines them, so that definitions written
//! for it keep working. What needs a model is a request to send and a reply to read; nothing here asks anybody.

mod grader;
mod template;

pub use grader::{Graded, Grader, GraderError, Step};
pub use template::{Scope, render};

#[cfg(test)]
mod tests;
