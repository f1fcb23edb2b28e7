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

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

// No doc comment: clap would take it for the description of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find everything that is wrong with a mesh, and write nothing
    Check(check::CheckArgs),
    /// Show who reaches what
    Access(access::AccessArgs),
    /// Decide a request about the platform, metadata or data, with the policies that decide it
    Authorize(authorize::AuthorizeArgs),
    /// Decide one request, with the reasons
    Can(can::CanArgs),
    /// Print what an account's owner deploys before anything else
    Bootstrap(bootstrap::BootstrapArgs),
    /// Print the words that begin with something, each in a line
    #[command(name = "__complete", hide = true)]
    Complete(complete::CompleteArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Fetch the facts that only the AWS accounts know, for the mesh's `context`
    Context(context::ContextArgs),
    /// Deploy the stacks of a mesh through CloudFormation
    Deploy(deploy::DeployArgs),
    /// Delete one stack of a mesh, or all of them
    Destroy(destroy::DestroyArgs),
    /// Say what a change does: who gains access, what is replaced, and what could be lost
    Diff(diff::DiffArgs),
    /// Find what somebody changed by hand: who gained or lost access, and what else differs
    Drift(drift::DriftArgs),
    /// Explain a finding's code
    Explain(explain::ExplainArgs),
    /// Write the access policies of a mesh for DataHub
    ExportPolicies(export_policies::ExportPoliciesArgs),
    /// Draw the stacks of a mesh, the resources of a stack, who can access what, or a change
    Graph(graph::GraphArgs),
    /// Write the mesh of a data.all account from its deployed templates, and the migration to it
    Import(import::ImportArgs),
    /// Write the access policies of DataHub or Atlan as documents of a mesh
    ImportPolicies(import_policies::ImportPoliciesArgs),
    /// Write a small mesh that works
    Init(init::InitArgs),
    /// List the stacks of a mesh
    Ls(ls::LsArgs),
    /// Serve an editor: findings while you type, completion, navigation, who reads a dataset
    Lsp(lsp::LspArgs),
    Refresh(refresh::RefreshArgs),
    /// Show the outputs of the deployed stacks
    Outputs(outputs::OutputsArgs),
    /// Show what each access policy does, and what each actor holds
    Policies(policies::PoliciesArgs),
    /// Print the pivot role of an environment as a template of its own
    PivotRole(pivot_role::PivotRoleArgs),
    /// Prove that the templates give exactly the access that the mesh asks for
    Prove(prove::ProveArgs),
    /// Rehearse tonight's refresh against a simulated CloudFormation
    Rehearse(rehearse::RehearseArgs),
    /// Write the portal: a site about the mesh that needs no server and no network
    Report(report::ReportArgs),
    /// Print the JSON Schema of the mesh format, or of what a command writes
    Schema(schema::SchemaArgs),
    /// Show what is deployed where, and what a refresh would do with it
    Status(status::StatusArgs),
    /// Write the CloudFormation templates of a mesh
    Synth(synth::SynthArgs),
    /// Show the chain from the manifest's lines to the statements that decide a request
    Why(why::WhyArgs),
}

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
