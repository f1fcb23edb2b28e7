//! `lakewright graph`: drawings of a mesh, a stack, access, and a change.

mod called;
mod found;
mod reach;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lakewright_analysis::graph::{Readable, readable};
use lakewright_analysis::review::Side;
use lakewright_analysis::words::count;

use crate::arguments::day::Day;
use crate::exit::{Exit, Failure};
use crate::memory;
use crate::show::graph::{dot, json, mermaid, svg};
use crate::ui::Ui;
use found::{stack, stacks};
use reach::{access, change, changed_stack};

/// Draw the stacks of a mesh, the resources of a stack, who can access what, or a change
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright graph my-mesh                                       stacks, and what they depend on
  lakewright graph my-mesh --stack lakewright-dataset-sales      resources and their references
  lakewright graph my-mesh --principal team/dev/Analysts         what a team can access
  lakewright graph my-mesh --dataset sales --as svg > sales.svg  who can access a dataset
  lakewright graph my-mesh --since git:main:my-mesh/             access before and after a change
  lakewright graph --assembly out                                stacks that `synth` has written

GitHub and GitLab draw a `mermaid` block in Markdown. With more than 200 nodes, those of one kind and
account are drawn together; `--format json` has every node and line.")]
pub(crate) struct GraphArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// An assembly that `synth` has written, instead of a mesh; anybody's folder of templates, except for a drawing of all stacks
    #[arg(long, value_name = "DIR", conflicts_with = "mesh")]
    assembly: Option<PathBuf>,
    /// How the drawing is written
    #[arg(long = "as", value_enum, default_value_t = DrawnAs::Mermaid)]
    drawn_as: DrawnAs,
    /// The resources of this stack: its name or address
    #[arg(long, value_name = "NAME", conflicts_with_all = ["principal", "dataset"])]
    stack: Option<String>,
    /// What this principal can access: its name or ARN, or a part of it
    #[arg(long, value_name = "P", conflicts_with = "dataset")]
    principal: Option<String>,
    /// Who can access this dataset
    #[arg(long, value_name = "ID")]
    dataset: Option<String>,
    /// The change since this mesh, assembly, folder of templates, or `git:REVISION:PATH`
    #[arg(long, value_name = "BEFORE", value_parser = Side::parse)]
    since: Option<Side>,
    #[command(flatten)]
    day: Day,
}

/// How a drawing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DrawnAs {
    /// A flowchart of Mermaid
    Mermaid,
    /// The language of Graphviz
    Dot,
    /// A picture
    Svg,
}

pub(crate) fn run(arguments: &GraphArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    memory::small_pages();
    let of_access = arguments.principal.is_some() || arguments.dataset.is_some();
    let graph = match (&arguments.since, &arguments.stack) {
        (Some(before), Some(name)) => changed_stack(before, name, arguments, ui)?,
        (Some(before), None) => change(before, arguments, ui)?,
        (None, Some(name)) => stack(name, arguments, ui)?,
        (None, None) if of_access => access(arguments, ui)?,
        (None, None) => stacks(arguments, ui)?,
    };
    let Some(graph) = graph else { return Ok(Exit::No) };
    if ui.is_json() {
        ui.document(json::to_json(&graph));
        return Ok(Exit::Done);
    }
    let Readable { graph, note } = readable(graph);
    if let Some(note) = note {
        ui.note(&note);
    }
    ui.data(&match arguments.drawn_as {
        DrawnAs::Mermaid => mermaid::text(&graph),
        DrawnAs::Dot => dot::text(&graph),
        DrawnAs::Svg => svg::text(&graph),
    });
    let (nodes, lines) = (count(graph.nodes.len(), "node"), count(graph.edges.len(), "line"));
    ui.note(&format!("{}: {nodes} and {lines}", graph.title));
    Ok(Exit::Done)
}

impl GraphArgs {
    /// The mesh, assembly or folder of templates that is drawn.
    fn path(&self) -> &Path {
        self.assembly.as_deref().unwrap_or(&self.mesh)
    }

    /// The dataset as the access matrix calls it.
    fn target(&self) -> Option<String> {
        let id = self.dataset.as_deref()?;
        Some(format!("dataset/{}", id.strip_prefix("dataset/").unwrap_or(id)))
    }

    /// The title of a graph of access or of a change.
    fn title(&self) -> String {
        let access = match (&self.principal, self.target()) {
            (Some(who), _) => format!("The access of {who}"),
            (None, Some(what)) => format!("The access to {what}"),
            (None, None) => "The access".to_owned(),
        };
        match &self.since {
            Some(before) => format!("{access} before and after the change since {before}"),
            None => access,
        }
    }
}
