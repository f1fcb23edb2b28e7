//! The benchmarks.

use crate::run::{Result, root, run};
use crate::tasks::{BROWSER, node_packages, python_packages, python_tools};

/// The pinned diff of the CDK's command line, its database of resource types, and a YAML parser.
const CDK: [&str; 3] =
    ["@aws-cdk/cloudformation-diff@2.187.5", "@aws-cdk/aws-service-spec@0.1.216", "yaml@2.7.1"];

/// The CDK's command line.
const CDK_DEPLOY: [&str; 1] = ["aws-cdk@2.1148.1"];

/// Runs the benchmarks that are asked for.
pub(crate) fn run_one(arguments: &[&str]) -> Result {
    match arguments {
        ["review" | "--review"] => review(),
        ["fleet"] => fleet(),
        ["changes"] => changes(),
        ["compare" | "--compare"] => compare(),
        ["governance"] => governance(),
        ["portal"] => portal(),
        names => measure(names),
    }
}

/// Runs the benchmarks, on the program built with the profile `bench`.
fn measure(arguments: &[&str]) -> Result {
    let mut command = vec!["bench", "--package", "lakewright-cli", "--bench"];
    command.extend(if arguments.is_empty() {
        &["process", "--bench", "phases"]
    } else {
        arguments
    });
    run("cargo", &command)
}

/// Measures the reviews of the largest mesh alone.
fn changes() -> Result {
    let bench = ["bench", "--package", "lakewright-cli", "--bench", "process", "--", "changes"];
    run("cargo", &bench)
}

/// Measures access governance, by itself and beside a loop over Cedar.
fn governance() -> Result {
    run("cargo", &["bench", "--package", "lakewright-cli", "--bench", "governance"])
}

/// Measures refreshes: of 100 accounts without changes, and by turns with the CDK's command line on the emulator.
fn fleet() -> Result {
    python_tools()?;
    let cdk = format!("{}/.bin/cdk", node_packages("target/node-fleet", &CDK_DEPLOY)?);
    run("cargo", &["bench", "--package", "lakewright-cli", "--bench", "fleet", "--", &cdk])
}

/// The CDK's library, for Node.js.
const CDK_LIBRARY: [&str; 2] = ["aws-cdk-lib@2.276.0", "constructs@10.8.1"];

/// Synthesizes the same datasets with the program, the CDK and troposphere, alternating.
fn compare() -> Result {
    let modules = node_packages("target/node-compare", &CDK_LIBRARY)?;
    python_packages("target/python-compare", &["troposphere==4.11.1"])?;
    run("cargo", &["build", "--release", "--package", "lakewright-cli", "--bin", "lakewright"])?;
    let python = root().join("target/python-compare/bin/python").display().to_string();
    let program = root().join("target/release/lakewright").display().to_string();
    run(&python, &["tests/bench/compare/compare.py", &program, "examples/lab", &modules])
}

/// Measures the portal of 10,000 datasets: how long it takes to write, and how long its reader waits.
fn portal() -> Result {
    let modules = node_packages("target/node-portal", &BROWSER)?;
    run("cargo", &["bench", "--package", "lakewright-cli", "--bench", "portal", "--", &modules])
}

/// Prints what the CDK's diff and `lakewright diff` say about the same changes (docs/comparison.md).
fn review() -> Result {
    let modules = node_packages("target/node-review", &CDK)?;
    run("cargo", &["build", "--quiet", "--package", "lakewright-cli", "--bin", "lakewright"])?;
    let program = root().join("target/debug/lakewright").display().to_string();
    run("node", &["tests/bench/review.mjs", &modules, &program])
}
