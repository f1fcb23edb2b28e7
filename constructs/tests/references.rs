//! Wrong references do not compile. `ui/` has one idea for each file, with the compiler's words.
//!
//! After a change of the words, `TRYBUILD=overwrite cargo test -p lakewright-constructs` writes them anew.

#[test]
fn wrong_references_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
