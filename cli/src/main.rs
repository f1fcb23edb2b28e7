//! The `lakewright` command.

mod arguments;
mod command;
mod deployment;
mod exit;
mod habits;
mod help;
mod memory;
mod owner;
mod progress;
mod show;
mod site;
mod ui;
mod version;
mod width;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use ui::Ui;

fn main() -> ExitCode {
    let arguments = Arguments::typed();
    let mut ui = Ui::new(&arguments.output);
    if let Err(failure) = arguments.check() {
        ui.error(&failure.message);
        return failure.exit.into();
    }
    let result = match arguments.command {
        Command::Access(arguments) => command::access::run(&arguments, &mut ui),
        Command::Authorize(arguments) => command::authorize::run(&arguments, &mut ui),
        Command::Bootstrap(arguments) => command::bootstrap::run(&arguments, &mut ui),
        Command::Can(arguments) => command::can::run(&arguments, &mut ui),
        Command::Check(arguments) => command::check::run(&arguments, &mut ui),
        Command::Complete(arguments) => Ok(command::complete::run(&arguments, &mut ui)),
        Command::Completions(arguments) => Ok(command::completions::run(&arguments, &mut ui)),
        Command::Context(arguments) => command::context::run(&arguments, &mut ui),
        Command::Deploy(arguments) => command::deploy::run(&arguments, &mut ui),
        Command::Destroy(arguments) => command::destroy::run(&arguments, &mut ui),
        Command::Diff(arguments) => command::diff::run(&arguments, &mut ui),
        Command::Drift(arguments) => command::drift::run(&arguments, &mut ui),
        Command::Explain(arguments) => command::explain::run(&arguments, &mut ui),
        Command::ExportPolicies(arguments) => command::export_policies::run(&arguments, &mut ui),
        Command::Graph(arguments) => command::graph::run(&arguments, &mut ui),
        Command::ImportPolicies(arguments) => command::import_policies::run(&arguments, &mut ui),
        Command::Init(arguments) => command::init::run(&arguments, &mut ui),
        Command::Ls(arguments) => command::ls::run(&arguments, &mut ui),
        Command::Lsp(arguments) => command::lsp::run(&arguments, &mut ui),
        Command::Refresh(arguments) => command::refresh::run(&arguments, &mut ui),
        Command::Outputs(arguments) => command::outputs::run(&arguments, &mut ui),
        Command::PivotRole(arguments) => command::pivot_role::run(&arguments, &mut ui),
        Command::Policies(arguments) => command::policies::run(&arguments, &mut ui),
        Command::Prove(arguments) => command::prove::run(&arguments, &mut ui),
        Command::Rehearse(arguments) => command::rehearse::run(&arguments, &mut ui),
        Command::Report(arguments) => command::report::run(&arguments, &mut ui),
        Command::Schema(arguments) => Ok(command::schema::run(&arguments, &mut ui)),
        Command::Status(arguments) => command::status::run(&arguments, &mut ui),
        Command::Synth(arguments) => command::synth::run(&arguments, &mut ui),
        Command::Why(arguments) => command::why::run(&arguments, &mut ui),
    };
    let code = exit::code(result, &mut ui);
    ui.end();
    code
}
