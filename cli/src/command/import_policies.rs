//! `lakewright import-policies`: access policies of DataHub or Atlan, as documents of a mesh.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_governance::exchange::{self, Draft, Imported, JsonError, Names};
use serde_json::{Value, json};

use crate::arguments::named::Named;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::show::exchange::{lost_json, tell};
use crate::ui::Ui;

/// Write the access policies of DataHub or Atlan as documents of a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright import-policies --from datahub policies.json > my-mesh/policies.yaml
  lakewright import-policies --from atlan personas.json --names names.json --format json

The documents go to standard output, the list of what has no counterpart to standard error. A policy is
left out if a part that restricts it has no counterpart, or if its effect is not known. Where both sides
call a resource differently, `--names` has a JSON object such as
  {\"urn:li:dataset:(urn:li:dataPlatform:glue,sales.orders,PROD)\": \"table/sales/orders\"}")]
pub(crate) struct ImportPoliciesArgs {
    /// The system that has the policies
    #[arg(long, value_enum)]
    from: Source,
    /// Its policies: JSON of DataHub's boot file or API, or objects of Atlan as pyatlan writes them
    file: PathBuf,
    #[command(flatten)]
    named: Named,
}

/// A system with access policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// DataHub
    Datahub,
    /// Atlan
    Atlan,
}

pub(crate) fn run(arguments: &ImportPoliciesArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let names = arguments.named.names()?;
    let path = &arguments.file;
    let text = input::text(path)?;
    let imported = imported(arguments.from, &text, &names)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    if ui.is_json() {
        ui.document(json!({
            "version": 1,
            "documents": imported.policies.iter().map(document).collect::<Vec<Value>>(),
            "lost": lost_json(&imported.lost),
        }));
        return Ok(Exit::Done);
    }
    ui.data(&imported.to_yaml());
    tell(&imported.lost, ui);
    ui.note(&format!("access policies: {}", imported.policies.len()));
    Ok(Exit::Done)
}

fn imported(from: Source, text: &str, names: &Names) -> Result<Imported, JsonError> {
    let json = exchange::parse(text)?;
    match from {
        Source::Datahub => exchange::datahub::import(&json, names),
        Source::Atlan => exchange::atlan::import(&json, names),
    }
}

fn document(draft: &Draft) -> Value {
    json!({
        "id": draft.policy.header.id.as_str(),
        "from": draft.from,
        "yaml": draft.to_yaml(),
    })
}
