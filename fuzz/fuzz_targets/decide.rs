//! `cargo fuzz run decide`
#![no_main]
#[path = "../../tests/harness.rs"]
#[allow(dead_code, reason = "each target uses one harness")]
mod harness;

libfuzzer_sys::fuzz_target!(|text: &str| harness::decide_anything(text));
