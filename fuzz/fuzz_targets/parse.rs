//! `cargo fuzz run parse`
#![no_main]
#[path = "../../tests/harness.rs"]
#[allow(dead_code, reason = "each target uses one harness")]
mod harness;

libfuzzer_sys::fuzz_target!(|text: &str| harness::parse_anything(text));
