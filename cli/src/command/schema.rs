//! `lakewright schema`: the JSON Schema of the mesh format.

use clap::Args;

use crate::exit::Exit;
use crate::ui::Ui;

/// Print the JSON Schema of the mesh format
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lakewright schema > mesh.schema.json

Then let each document of the mesh, after each `---` as well, begin with the line
  # yaml-language-server: $schema=mesh.schema.json")]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(_: &SchemaArgs, ui: &mut Ui) -> Exit {
    ui.data(&format!("{:#}\n", lakewright_manifest::schema::json_schema()));
    Exit::Done
}
