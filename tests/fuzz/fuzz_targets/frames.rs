//! One of the fuzz targets.

#![no_main]
#![expect(dead_code, reason = "one of several targets in a shared module")]

#[path = "../../../crates/providers/tests/fuzzing/mod.rs"]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::frames(data));
