//! Wrong references do not compile. Each file in `ui/` shows one mistake, with the compiler's expected
//! message.
//!
//! To update the messages, run `TRYBUILD=overwrite cargo test -p lakewright-constructs`.

#[test]
fn wrong_references_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
