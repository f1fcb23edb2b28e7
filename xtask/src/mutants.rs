//! Changes the rules of reviews and of governance one by one, and finds the changes that no test notices.

use std::fs;

use crate::run::{Result, root, run, say};
use crate::tasks;

/// The pinned program that makes the changes ("mutants") and runs the tests.
const CARGO_MUTANTS: &str = "27.1.0";

/// A set of rules, and the tests that have to notice when one of them is changed.
struct Rules {
    name: &'static str,
    /// The crate with its unit tests, which run first.
    package: &'static str,
    /// The files with the rules.
    files: &'static [&'static str],
    /// The end-to-end tests, which run for what the unit tests miss.
    whole: &'static str,
}

const RULES: [Rules; 2] = [
    Rules {
        name: "review",
        package: "lakewright-diff",
        files: &[
            "diff/src/language.rs",
            "diff/src/values.rs",
            "diff/src/change.rs",
            "diff/src/change/**/*.rs",
            "diff/src/access.rs",
            "diff/src/access/**/*.rs",
            "diff/src/update/**/*.rs",
        ],
        whole: "review::",
    },
    Rules {
        name: "governance",
        package: "lakewright-governance",
        files: &[
            "governance/src/policy.rs",
            "governance/src/rules.rs",
            "governance/src/entities.rs",
            "governance/src/index.rs",
            "governance/src/analysis.rs",
        ],
        whole: "governance::",
    },
];

/// Tests the mutants of the rules with a name, or of all rules. Fails if one that no list accepts is not noticed.
pub(crate) fn test(name: Option<&str>) -> Result {
    let tools = root().join("target/tools");
    let binary = tools.join("bin/cargo-mutants");
    if !binary.exists() {
        let folder = tools.display().to_string();
        let install = ["install", "cargo-mutants", "--locked", "--version", CARGO_MUTANTS];
        run("cargo", &[&install[..], &["--root", &folder]].concat())?;
    }
    tasks::python_tools()?;
    let binary = binary.display().to_string();
    let known = RULES.iter().filter(|rules| name.is_none_or(|name| name == rules.name));
    let known: Vec<&Rules> = known.collect();
    if known.is_empty() {
        let names: Vec<&str> = RULES.iter().map(|rules| rules.name).collect();
        return Err(format!("unknown rules; expected one of {}", names.join(", ")));
    }
    known.into_iter().try_for_each(|rules| of(rules, &binary))
}

fn of(rules: &Rules, binary: &str) -> Result {
    let out = format!("target/mutants/{}", rules.name);
    // In place, so that dependencies are not compiled again; the program puts each file back.
    let mut options = vec!["mutants", "--in-place", "--package", rules.package, "--output", &out];
    options.extend(["--timeout", "300", "--no-shuffle", "--baseline", "skip", "--colors", "never"]);
    options.extend(rules.files.iter().flat_map(|file| ["--file", *file]));
    // A mutant that is not noticed is the program's exit code 2: the tests of the next step may notice it.
    drop(run(binary, &[&options[..], &["--", "--lib"]].concat()));
    let whole =
        ["--iterate", "--test-package", "lakewright-cli", "--", "--test", "it", rules.whole];
    drop(run(binary, &[&options[..], &whole].concat()));
    let folder = root().join(&out).join("mutants.out");
    let read = |path: &std::path::Path| fs::read_to_string(path).unwrap_or_default();
    let accepted = read(&root().join(format!("xtask/mutants/{}.txt", rules.name)));
    let accepted: Vec<&str> = accepted.lines().filter(|line| !line.starts_with('#')).collect();
    let missed = read(&folder.join("missed.txt"));
    let missed: Vec<String> = missed.lines().map(without_position).collect();
    let new: Vec<&str> =
        missed.iter().map(String::as_str).filter(|one| !accepted.contains(one)).collect();
    let caught = read(&folder.join("caught.txt")).lines().count();
    say(&format!("{}: {caught} mutants noticed by end-to-end tests; not noticed:", rules.name));
    for one in &new {
        say(one);
    }
    if new.is_empty() { Ok(()) } else { Err(format!("{} mutants are not noticed", new.len())) }
}

/// A mutant without its line and column, which other changes of the file move.
fn without_position(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => mutant.to_owned(),
    }
}
