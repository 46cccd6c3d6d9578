//! Tests that span families: laws that hold for every scorer, and the shipped datasets.

mod laws;
mod oracle;
mod redteam;
mod shipped;
