//! What is a revision on the command line. Reading a repository is tested in `tests/it/revisions.rs`.

use super::*;

fn parsed(text: &str) -> (String, String) {
    let Revision { name, path } = Revision::parse(text).expect("a revision");
    (name, path)
}

/// The name ends where it ends for git. Source: `get_oid_with_context_1` in git's `object-name.c`, which looks for the
/// first colon outside of braces.
#[test]
fn the_name_ends_at_the_first_colon_outside_of_braces() {
    let cases = [
        ("git:main:mesh/", "main", "mesh"),
        ("git:main", "main", ""),
        ("git:main:", "main", ""),
        ("git:main:mesh//", "main", "mesh"),
        ("git:origin/main:a/b", "origin/main", "a/b"),
        ("git:HEAD~2:./mesh", "HEAD~2", "./mesh"),
        ("git:main:a:b.yaml", "main", "a:b.yaml"),
        ("git:main@{2026-11-30 10:00}:mesh", "main@{2026-11-30 10:00}", "mesh"),
        ("git:main^{/fix: the keys}:mesh", "main^{/fix: the keys}", "mesh"),
        ("git:}main:mesh", "}main", "mesh"),
        ("git:--help:mesh", "--help", "mesh"),
        ("git:main:żółć", "main", "żółć"),
    ];
    for (text, name, path) in cases {
        assert_eq!(parsed(text), (name.to_owned(), path.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_revision_is_refused() {
    let cases = [
        ("main:mesh", "not-a-revision"),
        ("GIT:main", "not-a-revision"),
        ("git:", "revision-without-name"),
        // The index, and the newest commit whose message has a text.
        ("git::mesh/", "revision-without-name"),
        ("git::/fix:mesh", "revision-without-name"),
        ("git:main:/mesh", "absolute-path"),
        ("git:main:/", "absolute-path"),
    ];
    for (text, code) in cases {
        let error = Revision::parse(text).expect_err("no revision");
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_path_is_relative_to_the_folder_only_if_it_begins_with_dots() {
    for text in ["git:a:.", "git:a:./", "git:a:./b", "git:a:..", "git:a:../b"] {
        assert!(Revision::parse(text).expect("a revision").is_relative(), "{text}");
    }
    for text in ["git:a", "git:a:b", "git:a:.b", "git:a:b/./c", "git:a:...", "git:.:b"] {
        assert!(!Revision::parse(text).expect("a revision").is_relative(), "{text}");
    }
}
