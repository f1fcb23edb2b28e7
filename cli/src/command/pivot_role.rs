//! `lakewright pivot-role`: the pivot role as a template, for owners who create it themselves.

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::decision::nearest;
use lakewright_template::write::{template_to_json, template_to_yaml};

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Print the pivot role of an environment as a template of its own
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright pivot-role my-mesh --environment dev > pivot-role.yaml

The account's owner deploys it, with the capability CAPABILITY_NAMED_IAM, as by
`aws cloudformation deploy`. For meshes whose tenant says `pivot_role: { mode: manual }`. Each value
that the account's owner may want to look at is a parameter, with the mesh's value as its default.")]
pub(crate) struct PivotRoleArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The environment
    #[arg(long, value_name = "ID")]
    environment: String,
}

pub(crate) fn run(arguments: &PivotRoleArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let wanted = &arguments.environment;
    let environment = mesh.environments.values().find(|one| one.header.id.as_str() == wanted);
    let Some(environment) = environment else {
        let known: Vec<&str> =
            mesh.environments.keys().map(lakewright_manifest::Id::as_str).collect();
        let hint = match nearest(wanted, known.iter().copied()) {
            Some(like) => format!("did you mean `{like}`?"),
            None => format!("the mesh has {}", known.join(", ")),
        };
        return Err(Failure::usage(format!("there is no environment `{wanted}`; {hint}")));
    };
    match lakewright_stacks::manual_template(&mesh, environment) {
        Ok(template) => {
            let write = if ui.is_json() { template_to_json } else { template_to_yaml };
            ui.data(&write(&template));
            Ok(Exit::Done)
        }
        Err(report) => {
            ui.report(&report, &loaded.sources);
            Ok(Exit::No)
        }
    }
}
