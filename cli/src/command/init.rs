//! `lakewright init`: a small mesh that works.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Write a small mesh that works
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lakewright init my-mesh && lakewright synth my-mesh --out out")]
pub(crate) struct InitArgs {
    /// The folder to write into; it is made when it is not there
    dir: PathBuf,
}

/// The same files as `examples/minimal`, so that they are tested.
const FILES: [(&str, &str); 3] = [
    ("mesh.yaml", include_str!("../../../examples/minimal/mesh.yaml")),
    ("datasets.yaml", include_str!("../../../examples/minimal/datasets.yaml")),
    ("README.md", include_str!("../../../examples/minimal/README.md")),
];
/// Where the examples' editor schema lies; a new mesh has it beside its files.
const EXAMPLE_SCHEMA: &str = "../../docs/mesh.schema.json";
const SCHEMA: &str = "mesh.schema.json";

pub(crate) fn run(arguments: &InitArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let dir = &arguments.dir;
    let failed = |path: &PathBuf, error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already; nothing was changed", path.display()))
        }
        _ => Failure::unexpected(format!("{} cannot be written: {error}", path.display())),
    };
    let schema = format!("{:#}\n", lakewright_manifest::schema::json_schema());
    let files = FILES
        .iter()
        .map(|(name, text)| (*name, text.replace(EXAMPLE_SCHEMA, SCHEMA)))
        .chain([(SCHEMA, schema)]);
    let files: Vec<(PathBuf, String)> = files.map(|(name, text)| (dir.join(name), text)).collect();
    // All of it or nothing: a mesh that is half there is worse than none.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(failed(path, std::io::ErrorKind::AlreadyExists.into()));
    }
    fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    for (path, text) in &files {
        let mut file = fs::File::create_new(path).map_err(|error| failed(path, error))?;
        file.write_all(text.as_bytes()).map_err(|error| failed(path, error))?;
    }
    let shown = dir.display();
    ui.note(&format!("wrote a small mesh to {shown}; next: lakewright synth {shown} --out out"));
    Ok(Exit::Done)
}
