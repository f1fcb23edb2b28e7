//! The command line arguments.

pub(crate) mod day;
pub(crate) mod governed;
pub(crate) mod named;
pub(crate) mod question;
pub(crate) mod request;
pub(crate) mod subject;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::command;
use crate::exit::Failure;
use crate::{habits, help, version};

/// Turns one declarative description of a governed AWS data mesh into least-privilege
/// CloudFormation stacks.
#[derive(Debug, Parser)]
#[command(name = "lakewright", version, long_version = version::long(), disable_help_subcommand = true)]
#[command(after_help = "Examples:
  lakewright init my-mesh                      write a small mesh that works
  lakewright check my-mesh                     find everything that is wrong with it
  lakewright synth my-mesh --out out           write the CloudFormation templates
  lakewright deploy my-mesh                    plan, ask, and deploy the stacks
  lakewright explain unknown-reference         what a finding means and how to fix it

Exit codes: 0 done or allowed; 1 unexpected error; 2 wrong usage or unreadable mesh; 3 there are changes
(`diff`, `drift` and `status` with `--exit-code`); 4 errors found, proof failed, access denied, or an
account's owner has to act first; 5 undecidable; 6 a deployment failed and was rolled back, or AWS refused it; 7 a stack needs attention; 8 declined, cancelled, in
maintenance, or another run is active; 9 no credentials, no network, or throttled.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Arguments {
    /// Parses the command line. Invalid arguments end the program, as do requests for help or the version.
    pub(crate) fn typed() -> Self {
        let matches = help::grouped(Self::command()).try_get_matches();
        let typed = matches.and_then(|matches| {
            let mut typed = Self::from_arg_matches(&matches)?;
            let source = matches.value_source("format");
            // The variable is for all commands, and some of them do not write this format.
            if source == Some(ValueSource::EnvVariable) && typed.check().is_err() {
                typed.output.format = Format::Human;
            }
            Ok(typed)
        });
        typed.unwrap_or_else(|error| habits::pointed(error).exit())
    }

    /// Checks what the parser cannot: some formats are for some commands only.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let wanted = self.output.format;
        let (others, expected): (&[Format], &str) = match self.command {
            Command::Access(_) => (&[Format::Csv, Format::Html], "human, json, csv or html"),
            Command::Diff(_) => (
                &[Format::Html, Format::Markdown, Format::Sarif, Format::CdkReport],
                "human, json, html, markdown, sarif or cdk-report",
            ),
            Command::Drift(_) => (
                &[Format::Html, Format::Markdown, Format::Sarif],
                "human, json, html, markdown or sarif",
            ),
            _ => (&[], "human or json"),
        };
        if matches!(wanted, Format::Human | Format::Json) || others.contains(&wanted) {
            return Ok(());
        }
        let wanted = wanted.to_possible_value();
        let wanted = wanted.as_ref().map_or("", |value| value.get_name());
        let message = format!("this command does not write {wanted}; expected {expected}");
        Err(Failure::usage(message))
    }
}

/// How results are shown; holds for every command.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// How results are written. The variable holds for the commands that write the format
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    #[arg(env = "LAKEWRIGHT_FORMAT", hide_env_values = true)]
    pub(crate) format: Format,
    /// When to use colours; `NO_COLOR` turns `auto` off
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    #[arg(env = "LAKEWRIGHT_COLOR", hide_env_values = true)]
    pub(crate) color: Colour,
    /// Print only findings and results
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print what was read and made, and how long each step took
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[value(aliases = ["table", "text"])]
    Human,
    /// For programs; the shape has a version
    Json,
    /// For spreadsheets; `access` only
    Csv,
    /// A page of its own; `access`, `diff` and `drift` only
    Html,
    /// For a comment on a pull request, at most 65,000 characters; `diff` and `drift` only
    Markdown,
    /// For tools that show findings beside code; `diff` and `drift` only
    Sarif,
    /// For tools that read the CDK's `validation-report.json`; `diff` only
    CdkReport,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find everything that is wrong with a mesh, and write nothing
    Check(command::check::CheckArgs),
    /// Show who reaches what
    Access(command::access::AccessArgs),
    /// Decide a request about the platform, metadata or data, with the policies that decide it
    Authorize(command::authorize::AuthorizeArgs),
    /// Decide one request, with the reasons
    Can(command::can::CanArgs),
    /// Print what an account's owner deploys before anything else
    Bootstrap(command::bootstrap::BootstrapArgs),
    /// Print the words that begin with something, each in a line
    #[command(name = "__complete", hide = true)]
    Complete(command::complete::CompleteArgs),
    /// Print the completion script of a shell
    Completions(command::completions::CompletionsArgs),
    /// Fetch the facts that only the AWS accounts know, for the mesh's `context`
    Context(command::context::ContextArgs),
    /// Deploy the stacks of a mesh through CloudFormation
    Deploy(command::deploy::DeployArgs),
    /// Delete one stack of a mesh, or all of them
    Destroy(command::destroy::DestroyArgs),
    /// Say what a change does: who gains access, what is replaced, and what could be lost
    Diff(command::diff::DiffArgs),
    /// Find what somebody changed by hand: who gained or lost access, and what else differs
    Drift(command::drift::DriftArgs),
    /// Explain a finding's code
    Explain(command::explain::ExplainArgs),
    /// Write the access policies of a mesh for DataHub
    ExportPolicies(command::export_policies::ExportPoliciesArgs),
    /// Draw the stacks of a mesh, the resources of a stack, who can access what, or a change
    Graph(command::graph::GraphArgs),
    /// Write the mesh of a data.all account from its deployed templates, and the migration to it
    Import(command::import::ImportArgs),
    /// Write the access policies of DataHub or Atlan as documents of a mesh
    ImportPolicies(command::import_policies::ImportPoliciesArgs),
    /// Write a small mesh that works
    Init(command::init::InitArgs),
    /// List the stacks of a mesh
    Ls(command::ls::LsArgs),
    /// Serve an editor: findings while you type, completion, navigation, who reads a dataset
    Lsp(command::lsp::LspArgs),
    Refresh(command::refresh::RefreshArgs),
    /// Show the outputs of the deployed stacks
    Outputs(command::outputs::OutputsArgs),
    /// Show what each access policy does, and what each actor holds
    Policies(command::policies::PoliciesArgs),
    /// Print the pivot role of an environment as a template of its own
    PivotRole(command::pivot_role::PivotRoleArgs),
    /// Prove that the templates give exactly the access that the mesh asks for
    Prove(command::prove::ProveArgs),
    /// Rehearse tonight's refresh against a simulated CloudFormation
    Rehearse(command::rehearse::RehearseArgs),
    /// Write the portal: a site about the mesh that needs no server and no network
    Report(command::report::ReportArgs),
    /// Print the JSON Schema of the mesh format, or of what a command writes
    Schema(command::schema::SchemaArgs),
    /// Show what is deployed where, and what a refresh would do with it
    Status(command::status::StatusArgs),
    /// Write the CloudFormation templates of a mesh
    Synth(command::synth::SynthArgs),
    /// Show the chain from the manifest's lines to the statements that decide a request
    Why(command::why::WhyArgs),
}
