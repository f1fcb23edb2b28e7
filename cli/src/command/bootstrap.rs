//! `lakewright bootstrap`: what an account's owner deploys before anything else.

mod chosen;
mod feature;

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::comparison;
use lakewright_analysis::mesh::load;
use lakewright_manifest::RegionName;
use lakewright_template::AccountId;
use lakewright_template::read;
use lakewright_template::write::{template_to_json, template_to_yaml};

use self::chosen::{Unchosen, template};
use self::feature::Feature;
use crate::exit::{Exit, Failure};
use crate::owner;
use crate::show::comparison::{to_json, to_text};
use crate::ui::Ui;

/// Print what an account's owner deploys before anything else
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 > bootstrap.yaml
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --diff deployed.json
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --for datasets,worksheets

The execution role's policy allows what the features of the environments in the account and region
can need, so that the first dataset or notebook needs no new bootstrap. It also allows what the
mesh's stacks use now, whichever features `--for` names.

`--diff` lists the actions that a new version adds and removes. It reads a template that is deployed
now, as `aws cloudformation get-template --stack-name NAME --query TemplateBody --output json`
prints it.

The account's owner deploys the template by the command that is printed beside it. The tags in the
command mark the stack as this mesh's.")]
pub(crate) struct BootstrapArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The account
    #[arg(long, value_parser = AccountId::parse)]
    account: AccountId,
    /// The region
    #[arg(long, value_parser = RegionName::parse)]
    region: RegionName,
    /// The prefix, when environments with several prefixes share the account and region
    #[arg(long)]
    prefix: Option<String>,
    /// The features that the bootstrap is for, separated by commas [default: those of the environments]
    #[arg(long = "for", value_name = "FEATURES", value_enum, value_delimiter = ',')]
    features: Vec<Feature>,
    /// Compare with the template that is deployed, instead of printing the new one
    #[arg(long, value_name = "OLD")]
    pub(crate) diff: Option<PathBuf>,
}

pub(crate) fn run(arguments: &BootstrapArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let (entry, template) = match template(&mesh, arguments) {
        Ok(found) => found,
        Err(Unchosen::Findings(report)) => {
            ui.report(&report, &loaded.sources);
            return Ok(Exit::No);
        }
        Err(Unchosen::Failure(failure)) => return Err(failure),
    };
    let Some(old) = &arguments.diff else {
        let write = if ui.is_json() { template_to_json } else { template_to_yaml };
        ui.data(&write(&template));
        ui.note(&format!(
            "the account's owner saves this as {} and runs:\n  {}",
            owner::FILE,
            owner::deploying(&entry)
        ));
        return Ok(Exit::Done);
    };
    let text = std::fs::read_to_string(old)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", old.display())))?;
    // The AWS CLI prints a template that was deployed as YAML as a JSON string, and a JSON template as it is. Source:
    // `json_decode_template_body` in handlers.py of botocore.
    let text = serde_json::from_str::<String>(&text).unwrap_or(text);
    let old = read::template(&text)
        .map_err(|error| Failure::usage(format!("{} is not a template: {error}", old.display())))?;
    let difference = comparison::actions(&old, &template);
    ui.data(&if ui.is_json() { to_json(&difference) } else { to_text(&difference) });
    Ok(Exit::Done)
}
