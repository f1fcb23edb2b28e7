//! `lakewright export-policies`: the access policies of a mesh, as policies of DataHub.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_governance::exchange::datahub::{Exported, Release, export};
use serde_json::{Value, json};

use crate::arguments::named::Named;
use crate::exit::{Exit, Failure};
use crate::show::exchange::{lost_json, refuse, tell};
use crate::ui::{Ui, sorted};

/// Write the access policies of a mesh for DataHub
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright export-policies my-mesh --to datahub > policies.json
  lakewright export-policies my-mesh --to datahub --names names.json --with-effect

The list has the shape of DataHub's boot file. A part that DataHub cannot express is left out if the rest
then allows less, and else the policy; standard error says which. Nothing is written (exit 4) if a denial
cannot be expressed, because the other policies would then allow more than in the mesh.")]
pub(crate) struct ExportPoliciesArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The system that gets the policies
    #[arg(long, value_enum)]
    to: To,
    #[command(flatten)]
    named: Named,
    /// Write an `effect`, for a DataHub whose policies can deny
    #[arg(long)]
    with_effect: bool,
}

/// A system that gets access policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// DataHub
    Datahub,
}

pub(crate) fn run(arguments: &ExportPoliciesArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let names = arguments.named.names()?;
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let release = if arguments.with_effect { Release::WithEffect } else { Release::AllowsOnly };
    let exported = match arguments.to {
        To::Datahub => export(&mesh, &names, release),
    };
    let is_refused = !exported.refused.is_empty();
    if ui.is_json() {
        ui.document(document(&exported));
    } else {
        if !is_refused {
            ui.data(&format!("{:#}\n", sorted(json!(exported.policies))));
        }
        tell(&exported.lost, ui);
        refuse(&exported.refused, ui);
    }
    Ok(if is_refused { Exit::No } else { Exit::Done })
}

/// With a denial that cannot be expressed, the document has no policies.
fn document(exported: &Exported) -> Value {
    let policies: &[Value] = if exported.refused.is_empty() { &exported.policies } else { &[] };
    json!({
        "version": 1,
        "policies": policies,
        "lost": lost_json(&exported.lost),
        "refused": lost_json(&exported.refused),
    })
}
