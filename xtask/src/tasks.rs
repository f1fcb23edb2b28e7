//! The tasks that are made of other programs.

use std::path::PathBuf;

use crate::run::{Result, root, run};
use crate::{codegen, layers, sizes};

/// The pinned linter of templates.
const CFN_LINT: &str = "cfn-lint==1.58.0";
/// The pinned emulator of AWS, for the tests of deployments, and the library that looks into it.
const EMULATOR: [&str; 2] = ["ministack==1.5.33", "boto3==1.43.106"];
/// The pinned checker of licences and bans.
const CARGO_DENY: &str = "0.20.2";

/// Everything but the tests.
pub(crate) fn check() -> Result {
    cheap_checks()?;
    deny()
}

/// The README's test command.
pub(crate) fn test() -> Result {
    cheap_checks()?;
    python_tools()?;
    let units =
        ["test", "--workspace", "--exclude", "lakewright-cli", "--lib", "--bins", "--tests"];
    run("cargo", &units)?;
    // Last, so that the run ends with the summary of the tests that matter most.
    run("cargo", &["test", "--package", "lakewright-cli", "--test", "it"])
}

/// The benchmarks.
pub(crate) fn bench(arguments: &[&str]) -> Result {
    run("cargo", &["build", "--release", "--package", "lakewright-cli"])?;
    let mut command = vec!["bench", "--package", "lakewright-cli", "--bench"];
    command.extend(if arguments.is_empty() {
        &["process", "--bench", "phases"]
    } else {
        arguments
    });
    run("cargo", &command)
}

/// The emulator that the tests of deployments run on, until it is interrupted.
pub(crate) fn emulator(port: &str) -> Result {
    python_tools()?;
    let python = root().join("target/python/bin/python").display().to_string();
    let schemas = ["--schemas", "template/data/schemas"];
    run(&python, &[&["tests/emulator/server.py", "--port", port][..], &schemas[..]].concat())
}

fn cheap_checks() -> Result {
    run("cargo", &["fmt", "--all", "--check"])?;
    layers::check()?;
    sizes::check()?;
    codegen::check()?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
}

/// Licences and bans. The advisory database is a git repository and is left to the user.
fn deny() -> Result {
    let tools = root().join("target/tools");
    let binary = tools.join("bin/cargo-deny");
    if !binary.exists() {
        let folder = tools.display().to_string();
        let arguments =
            ["install", "cargo-deny", "--locked", "--version", CARGO_DENY, "--root", &folder];
        run("cargo", &arguments)?;
    }
    run(&binary.display().to_string(), &["check", "bans", "licenses", "sources"])
}

/// The Python tools that the tests call, in a virtual environment under `target`.
fn python_tools() -> Result {
    let folder: PathBuf = root().join("target/python");
    let [emulator, library] = EMULATOR;
    let stamp = folder.join(format!("{CFN_LINT}.{emulator}.{library}.installed"));
    if stamp.exists() {
        return Ok(());
    }
    run("python3", &["-m", "venv", &folder.display().to_string()])?;
    let pip = folder.join("bin/pip").display().to_string();
    run(&pip, &["install", "--quiet", CFN_LINT, emulator, library])?;
    std::fs::write(stamp, "").map_err(|error| error.to_string())
}
