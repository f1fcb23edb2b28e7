//! The repository's tasks: `cargo xtask <task>`.

mod bench;
mod codegen;
mod layers;
mod run;
mod sizes;
mod tasks;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <task>

  check              format, clippy with warnings as errors, layers, sizes, codegen, licences, advisories
  test               everything: check's cheap parts, all tests, what others' tools say to the examples
  advisories         the dependencies have no known vulnerability, where the advisory database can be reached
  layers             the crates depend on each other only as ARCHITECTURE.md allows
  sizes              no file has outgrown one idea
  codegen [--check]  generates the typed resources from the pinned schemas
  codegen --refresh  pins schemas and IAM actions again from their packages, then generates
  emulator [PORT]    an AWS to try deployments on, at http://127.0.0.1:4599 or another port; it says when it is ready
  bench [process|phases|changes]   the benchmarks: whole processes, single phases, reviews of the largest mesh
  bench fleet|review       refreshes, by turns with the CDK's command line; what its diff and ours say about changes
  bench portal             the portal of 10,000 datasets: writing it, and reading it in headless Chromium
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["--help" | "-h"] | [_, "--help" | "-h"] => {
            run::say(USAGE);
            Ok(())
        }
        ["check"] => tasks::check(),
        ["advisories"] => tasks::advisories(),
        ["test"] => tasks::test(),
        ["layers"] => layers::check(),
        ["sizes"] => sizes::check(),
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["codegen", "--refresh"] => codegen::refresh::run()
            .and_then(|()| codegen::actions::run())
            .and_then(|()| codegen::write()),
        ["emulator"] => tasks::emulator("4599"),
        ["emulator", port] if port.parse::<u16>().is_ok() => tasks::emulator(port),
        ["bench", rest @ ..] => bench::run_one(rest),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            run::say(&message);
            ExitCode::FAILURE
        }
    }
}
