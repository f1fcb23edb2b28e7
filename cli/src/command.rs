//! One module for each command.

pub(crate) mod access;
pub(crate) mod authorize;
pub(crate) mod bootstrap;
pub(crate) mod can;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod context;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod diff;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod export_policies;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod import_policies;
pub(crate) mod init;
pub(crate) mod ls;
pub(crate) mod lsp;
pub(crate) mod outputs;
pub(crate) mod pivot_role;
pub(crate) mod policies;
pub(crate) mod prove;
pub(crate) mod refresh;
pub(crate) mod rehearse;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod synth;
pub(crate) mod why;

use crate::arguments::Command;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Runs a command.
pub(crate) fn run(command: Command, ui: &mut Ui) -> Result<Exit, Failure> {
    match command {
        Command::Access(arguments) => access::run(&arguments, ui),
        Command::Authorize(arguments) => authorize::run(&arguments, ui),
        Command::Bootstrap(arguments) => bootstrap::run(&arguments, ui),
        Command::Can(arguments) => can::run(&arguments, ui),
        Command::Check(arguments) => check::run(&arguments, ui),
        Command::Complete(arguments) => Ok(complete::run(&arguments, ui)),
        Command::Completions(arguments) => Ok(completions::run(&arguments, ui)),
        Command::Context(arguments) => context::run(&arguments, ui),
        Command::Deploy(arguments) => deploy::run(&arguments, ui),
        Command::Destroy(arguments) => destroy::run(&arguments, ui),
        Command::Diff(arguments) => diff::run(&arguments, ui),
        Command::Drift(arguments) => drift::run(&arguments, ui),
        Command::Explain(arguments) => explain::run(&arguments, ui),
        Command::ExportPolicies(arguments) => export_policies::run(&arguments, ui),
        Command::Graph(arguments) => graph::run(&arguments, ui),
        Command::Import(arguments) => import::run(&arguments, ui),
        Command::ImportPolicies(arguments) => import_policies::run(&arguments, ui),
        Command::Init(arguments) => init::run(&arguments, ui),
        Command::Ls(arguments) => ls::run(&arguments, ui),
        Command::Lsp(arguments) => lsp::run(&arguments, ui),
        Command::Refresh(arguments) => refresh::run(&arguments, ui),
        Command::Outputs(arguments) => outputs::run(&arguments, ui),
        Command::PivotRole(arguments) => pivot_role::run(&arguments, ui),
        Command::Policies(arguments) => policies::run(&arguments, ui),
        Command::Prove(arguments) => prove::run(&arguments, ui),
        Command::Rehearse(arguments) => rehearse::run(&arguments, ui),
        Command::Report(arguments) => report::run(&arguments, ui),
        Command::Schema(arguments) => Ok(schema::run(&arguments, ui)),
        Command::Status(arguments) => status::run(&arguments, ui),
        Command::Synth(arguments) => synth::run(&arguments, ui),
        Command::Why(arguments) => why::run(&arguments, ui),
    }
}
