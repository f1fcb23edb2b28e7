//! The tasks that are made of other programs.

use std::path::PathBuf;

use crate::run::{Result, root, run};
use crate::{codegen, layers, sizes};

/// The pinned packages of Python that tests call: the linter and the validator of templates, the emulator of AWS with the
/// library that looks into it, and a validator of documents with its reader of YAML.
const PYTHON: [&str; 6] = [
    "cfn-lint==1.58.0",
    "cloudformation-validate==1.14.0",
    "ministack==1.5.33",
    "boto3==1.43.106",
    "jsonschema==4.26.0",
    "pyyaml==6.0.4",
];
/// The pinned packages of Node.js: what editors ask about a mesh, and a validator of documents with its reader of YAML. Later
/// versions of the server need Node.js 22.
const NODE: [&str; 3] = ["yaml-language-server@1.19.2", "ajv@8.20.0", "yaml@2.7.1"];
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
    node_tools()?;
    let units = ["test", "--workspace", "--lib", "--bins", "--test", "references"];
    run("cargo", &units)?;
    // Last, so that the run ends with the summary of the tests that matter most.
    run("cargo", &["test", "--workspace", "--test", "it"])
}

/// The benchmarks, of the program as the profile `bench` builds it.
pub(crate) fn bench(arguments: &[&str]) -> Result {
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
    let stamp = folder.join(format!("{}.installed", PYTHON.join(".")));
    if stamp.exists() {
        return Ok(());
    }
    run("python3", &["-m", "venv", &folder.display().to_string()])?;
    let pip = folder.join("bin/pip").display().to_string();
    run(&pip, &[&["install", "--quiet"][..], &PYTHON[..]].concat())?;
    std::fs::write(stamp, "").map_err(|error| error.to_string())
}

/// The tools of Node.js that the tests call, under `target`.
fn node_tools() -> Result {
    let folder = root().join("target/node");
    let stamp = folder.join(format!("{}.installed", NODE.join(".")));
    if stamp.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let place = folder.display().to_string();
    let options = ["install", "--prefix", &place, "--no-audit", "--no-fund", "--loglevel", "error"];
    run("npm", &[&options[..], &NODE[..]].concat())?;
    std::fs::write(stamp, "").map_err(|error| error.to_string())
}
