//! Passes the commit that the program is built from; `unknown` if git does not track this source.

use std::process::Command;

/// The files that git writes when a commit is checked out or made. The log of `HEAD` changes with each commit, even if
/// its branch is in `packed-refs`.
const MOVES: [&str; 3] = ["HEAD", "logs/HEAD", "packed-refs"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let commit = commit();
    println!("cargo::rustc-env=LAKEWRIGHT_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    if commit.is_some() {
        // A missing file would make cargo rebuild each time.
        let paths = MOVES.iter().filter_map(|name| git(&["rev-parse", "--git-path", name]));
        for path in paths.filter(|path| std::path::Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// The commit, if git tracks this file. It does not if an archive was unpacked inside another repository.
fn commit() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    git(&["rev-parse", "--verify", "HEAD"])
}

/// The output of a git command; `None` if the command fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
