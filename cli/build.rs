//! Tells the program which commit it is built from: `unknown` where git does not know its source.

use std::process::Command;

/// What git writes when another commit is checked out or made. The log of `HEAD` changes with each, also when its branch
/// lies in `packed-refs`.
const MOVES: [&str; 3] = ["HEAD", "logs/HEAD", "packed-refs"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let commit = commit();
    println!("cargo::rustc-env=LAKEWRIGHT_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    if commit.is_some() {
        // A file that is not there would make cargo build anew each time.
        let paths = MOVES.iter().filter_map(|name| git(&["rev-parse", "--git-path", name]));
        for path in paths.filter(|path| std::path::Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// The commit, where this file is one of its repository: an archive that was unpacked in somebody else's is of none.
fn commit() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    git(&["rev-parse", "--verify", "HEAD"])
}

/// What git says, when it knows.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
