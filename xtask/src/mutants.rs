//! Changes the rules of reviews and of governance one by one, and finds the changes that no test notices.

use std::fs;
use std::path::Path;

use crate::run::{Result, exit_code, root, say};
use crate::tasks;

/// The pinned program that makes the changes ("mutants") and runs the tests.
const CARGO_MUTANTS: &str = "27.1.0";

/// The exit codes after which all mutants are tested: all are noticed, some are not, or a test hangs with one. Source: "Exit
/// codes" in the book of cargo-mutants.
const HAS_TESTED: [i32; 3] = [0, 2, 3];

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

/// Tests the mutants of the rules with a name, or of all rules. Fails if one is not noticed.
pub(crate) fn test(name: Option<&str>) -> Result {
    let binary = tasks::cargo_tool("cargo-mutants", CARGO_MUTANTS)?;
    tasks::python_tools()?;
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
    let whole =
        ["--iterate", "--test-package", "lakewright-cli", "--", "--test", "it", rules.whole];
    for step in [&["--", "--lib"][..], &whole[..]] {
        let code = exit_code(binary, &[&options[..], step].concat())?;
        if !HAS_TESTED.contains(&code) {
            return Err(format!("cargo-mutants ended with {code} before it tested all mutants"));
        }
    }
    let folder = root().join(&out).join("mutants.out");
    let (missed, caught) = (lines(&folder.join("missed.txt"))?, lines(&folder.join("caught.txt"))?);
    let number = caught.len();
    say(&format!("{}: {number} mutants noticed by end-to-end tests; not noticed:", rules.name));
    for one in &missed {
        say(one);
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(format!("{} mutants are not noticed", missed.len()))
    }
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
