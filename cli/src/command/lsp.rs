//! `lakewright lsp`: the language server of meshes.

use std::path::PathBuf;

use clap::Args;
use lakewright_lsp::{Settings, serve_standard_streams};

use crate::arguments::day::Day;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Serve an editor: findings while you type, completion, navigation, who reads a dataset
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright lsp                   what an editor starts
  lakewright lsp --mesh data/mesh  the mesh is not where the editor's folders say

The editor speaks the Language Server Protocol over standard input and output. Each folder with a
document of the kind Tenant is a mesh. docs/editor.md has the settings of VS Code and Neovim.")]
pub(crate) struct LspArgs {
    /// The mesh's folder [default: the folders that the editor has open]
    #[arg(long, value_name = "DIR")]
    mesh: Option<PathBuf>,
    #[command(flatten)]
    day: Day,
    /// Editors' libraries add it
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(crate) fn run(arguments: &LspArgs, _: &mut Ui) -> Result<Exit, Failure> {
    let settings = Settings { mesh: arguments.mesh.clone(), as_of: arguments.day.as_of.clone() };
    serve_standard_streams(&settings).map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok(Exit::Done)
}
