//! `lakewright bootstrap`: what an account's owner deploys before anything else.

mod chosen;
mod feature;

use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_analysis::review::bootstrap::review;
use lakewright_manifest::RegionName;
use lakewright_template::write::{template_to_json, template_to_yaml};
use lakewright_template::{AccountId, Template, read};

use self::chosen::{Unchosen, stack};
use self::feature::Feature;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::owner;
use crate::show::review::names::Names;
use crate::show::review::{Shown, json, terminal};
use crate::ui::Ui;
use crate::width::width;

/// Print what an account's owner deploys before anything else
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 > bootstrap.yaml
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --diff deployed.json
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --for datasets,worksheets

The execution role's policy allows what the features of the environments in the account and region
can need, so that the first dataset or notebook needs no new bootstrap. It also allows what the
mesh's stacks use now, whichever features `--for` names.

`--diff` says who gains and loses access by the new template, and what CloudFormation changes. It
reads a template that is deployed now, as `aws cloudformation get-template --stack-name NAME --query
TemplateBody --output json` prints it.

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
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let made = match stack(&mesh, arguments) {
        Ok(found) => found,
        Err(Unchosen::Findings(report)) => {
            ui.report(&report, &loaded.sources);
            return Ok(Exit::No);
        }
        Err(Unchosen::Failure(failure)) => return Err(failure),
    };
    let Some(old) = &arguments.diff else {
        let write = if ui.is_json() { template_to_json } else { template_to_yaml };
        ui.data(&write(&made.lowered.template));
        ui.note(&format!(
            "the account's owner saves this as {} and runs:\n  {}",
            owner::FILE,
            owner::deploying(&made.entry)
        ));
        return Ok(Exit::Done);
    };
    let reviewed = review(made, &loaded.sources, &deployed(old)?)?;
    let (before, after) = (old.display().to_string(), arguments.mesh.display().to_string());
    let names = Names(&reviewed);
    let shown = Shown { review: &reviewed.review, before: &before, after: &after, named: &names };
    let text = if ui.is_json() {
        json::text(&shown)
    } else {
        terminal::text(&shown, ui.data_style(), width())
    };
    ui.data(&text);
    Ok(Exit::Done)
}

/// Reads the deployed template.
fn deployed(path: &Path) -> Result<Template, Failure> {
    let text = input::text(path)?;
    // The AWS CLI prints a template that was deployed as YAML as a JSON string, and a JSON template as it is. Source:
    // `json_decode_template_body` in handlers.py of botocore.
    let text = serde_json::from_str::<String>(&text).unwrap_or(text);
    read::template(&text)
        .map_err(|error| Failure::usage(format!("{} is not a template: {error}", path.display())))
}
