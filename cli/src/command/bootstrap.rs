//! `lakewright bootstrap`: what an account's owner deploys before anything else.

mod feature;

use std::path::PathBuf;

use clap::Args;
use lakewright_manifest::{AccountId, Mesh, RegionName};
use lakewright_stacks::{Plan, StackKind};
use lakewright_template::assembly::StackEntry;
use lakewright_template::write::{template_to_json, template_to_yaml};
use lakewright_template::{Template, read};

use self::feature::{Feature, offer};
use crate::comparison;
use crate::exit::{Exit, Failure};
use crate::mesh::load;
use crate::owner;
use crate::synthesis::synthesize_with;
use crate::ui::Ui;

/// Print what an account's owner deploys before anything else
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 > bootstrap.yaml
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --diff bootstrap.yaml
  lakewright bootstrap my-mesh --account 222222222222 --region eu-west-1 --for datasets,worksheets

The execution role's policy is derived from what the features of the environments there can ask for,
so that it need not change with the first dataset or notebook, and from what the mesh's stacks use.
`--for` derives it for other features; what the stacks use is in it all the same. `--diff` says
which actions a new version adds and removes. What the account's owner runs, `aws cloudformation
deploy`, is printed beside the template as a note in one line, with the tags of this mesh: by them
the stack is known as the mesh's.")]
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
    /// The features that it is for, separated by commas, instead of those of the environments there
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
    let (entry, template) = match template(&mesh, arguments)? {
        Ok(found) => found,
        Err(report) => {
            ui.report(&report, &loaded.sources);
            return Ok(Exit::No);
        }
    };
    let Some(old) = &arguments.diff else {
        let write = if ui.is_json() { template_to_json } else { template_to_yaml };
        ui.data(&write(&template));
        ui.note(&format!(
            "with this as {}, the account's owner runs: {}",
            owner::FILE,
            owner::deploying(&entry)
        ));
        return Ok(Exit::Done);
    };
    let text = std::fs::read_to_string(old)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", old.display())))?;
    let old = read::template(&text)
        .map_err(|error| Failure::usage(format!("{} is no template: {error}", old.display())))?;
    let difference = comparison::actions(&old, &template);
    ui.data(&if ui.is_json() { difference.to_json() } else { difference.to_text() });
    Ok(Exit::Done)
}

fn template(
    mesh: &Mesh,
    arguments: &BootstrapArgs,
) -> Result<Result<(StackEntry, Template), lakewright_manifest::Report>, Failure> {
    let plan = Plan::of(mesh, None);
    let (found, report) = synthesize_with(&plan, offer(&arguments.features))?;
    if report.has_errors() {
        return Ok(Err(report));
    }
    let kind = StackKind::Bootstrap.as_str();
    let mut bootstraps: Vec<_> =
        found.into_iter().filter(|one| one.stack.entry.kind == kind).collect();
    let places: Vec<String> = bootstraps
        .iter()
        .map(|one| format!("{} {}", one.stack.entry.account, one.stack.entry.region))
        .collect();
    bootstraps.retain(|one| {
        let entry = &one.stack.entry;
        let begins = arguments.prefix.as_ref().map(|prefix| format!("{prefix}-bootstrap-"));
        entry.account == arguments.account.as_str()
            && entry.region == arguments.region.as_str()
            && begins.is_none_or(|begins| entry.name.starts_with(&begins))
    });
    match bootstraps.len() {
        1 => {
            let stack = bootstraps.remove(0).stack;
            Ok(Ok((stack.entry, stack.lowered.template)))
        }
        0 => Err(Failure::usage(format!(
            "the mesh has nothing in account {} and {}; it has {}",
            arguments.account,
            arguments.region,
            places.join(", ")
        ))),
        _ => {
            let names: Vec<String> =
                bootstraps.into_iter().map(|one| one.stack.entry.name).collect();
            Err(Failure::usage(format!(
                "several prefixes share this account and region; say which with --prefix: {}",
                names.join(", ")
            )))
        }
    }
}
