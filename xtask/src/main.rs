//! The repository's tasks: `cargo xtask <task>`.

mod bench;
mod codegen;
mod editors;
mod layers;
mod mutants;
mod run;
mod site;
mod sizes;
mod tasks;

use std::process::ExitCode;

const USAGE: &str = include_str!("usage.txt");

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
        ["mutants", rest @ ..] => mutants::test(rest.first().copied()),
        ["editors"] => editors::test(),
        ["emulator"] => tasks::emulator("4599"),
        ["emulator", port] if port.parse::<u16>().is_ok() => tasks::emulator(port),
        ["site"] => site::build(),
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
