//! Whole-system stories over real HTTP: the process as `weir serve` runs it, the built-in provider behind it, a fresh
//! data directory under it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod authorisation;
mod bad_input;
mod bad_judges;
mod bad_uploads;
mod canary;
mod canned;
mod collector;
mod datasets;
mod discovery;
mod drift;
mod drill;
mod feedback;
mod files;
mod full_disk;
mod judge_away;
mod judging;
mod killed;
mod kin;
mod labels;
mod learning;
mod locked;
mod memory;
mod once;
mod outside;
mod parts;
mod parts_of_tenants;
mod pipeline;
mod plumbing;
mod presets;
mod process;
mod proposals;
mod quarantine;
mod reloading;
mod rig;
mod rules;
mod runs;
mod scores;
mod shadow;
mod sigkill;
mod stages;
mod takeover;
mod told;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
