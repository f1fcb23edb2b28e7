//! `lakewright schema`: the JSON Schemas of the mesh format and of what commands write.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::exit::Exit;
use crate::ui::Ui;

/// Print the JSON Schema of the mesh format, or of what a command writes
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright schema > mesh.schema.json
  lakewright schema --output decision          what `can --format json` writes

Then let each document of the mesh, after each `---` as well, begin with the line
  # yaml-language-server: $schema=mesh.schema.json")]
pub(crate) struct SchemaArgs {
    /// Print the schema of what a command writes with `--format json` instead; docs/output.md lists the commands
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(OUTPUTS.map(|(name, _)| name)))]
    output: Option<String>,
}

/// The schemas of what commands write, by name.
const OUTPUTS: [(&str, &str); 27] = [
    ("access", include_str!("../../../docs/output/access.schema.json")),
    ("authorization", include_str!("../../../docs/output/authorization.schema.json")),
    ("check", include_str!("../../../docs/output/check.schema.json")),
    ("check-assembly", include_str!("../../../docs/output/check-assembly.schema.json")),
    ("completions", include_str!("../../../docs/output/completions.schema.json")),
    ("context", include_str!("../../../docs/output/context.schema.json")),
    ("decision", include_str!("../../../docs/output/decision.schema.json")),
    ("deployment", include_str!("../../../docs/output/deployment.schema.json")),
    ("diff", include_str!("../../../docs/output/diff.schema.json")),
    ("explain", include_str!("../../../docs/output/explain.schema.json")),
    ("explain-list", include_str!("../../../docs/output/explain-list.schema.json")),
    ("export-policies", include_str!("../../../docs/output/export-policies.schema.json")),
    ("findings", include_str!("../../../docs/output/findings.schema.json")),
    ("graph", include_str!("../../../docs/output/graph.schema.json")),
    ("import", include_str!("../../../docs/output/import.schema.json")),
    ("import-policies", include_str!("../../../docs/output/import-policies.schema.json")),
    ("init", include_str!("../../../docs/output/init.schema.json")),
    ("ls", include_str!("../../../docs/output/ls.schema.json")),
    ("outputs", include_str!("../../../docs/output/outputs.schema.json")),
    ("plan", include_str!("../../../docs/output/plan.schema.json")),
    ("policies", include_str!("../../../docs/output/policies.schema.json")),
    ("prove", include_str!("../../../docs/output/prove.schema.json")),
    ("question-error", include_str!("../../../docs/output/question-error.schema.json")),
    ("rehearse", include_str!("../../../docs/output/rehearse.schema.json")),
    ("report", include_str!("../../../docs/output/report.schema.json")),
    ("status", include_str!("../../../docs/output/status.schema.json")),
    ("synth", include_str!("../../../docs/output/synth.schema.json")),
];

pub(crate) fn run(arguments: &SchemaArgs, ui: &mut Ui) -> Exit {
    let wanted = arguments.output.as_deref();
    match OUTPUTS.iter().find(|(name, _)| wanted == Some(*name)) {
        Some((_, schema)) => ui.data(schema),
        None => ui.document(lakewright_manifest::schema::json_schema()),
    }
    Exit::Done
}
