//! `lakewright context`: the facts that only the accounts know.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_analysis::context::{Wanted, block, wanted, written};
use serde_json::{Value, json};

use crate::deployment::facts::{Found, Looker};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Fetch the facts that only the AWS accounts know, for the mesh's `context`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright context my-mesh                   print the block of each environment
  lakewright context my-mesh --write           put the blocks into the mesh's files
  lakewright context my-mesh --owner-role OrganizationAccountAccessRole

Fetches the default VPC and availability zones for ML Studio, address blocks of VPCs, and the
QuickSight subscription, for the features that need them. It looks with your own credentials in
their account, and elsewhere as the role that `--owner-role` names: the deploy role has no
permission to look. `--write` changes nothing else in the files, and keeps comments.

Exit codes: 0 fetched; 4 a file cannot be changed line by line; 5 something is not known; 9 no
credentials or no network.")]
pub(crate) struct ContextArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// Put the facts into the mesh's files
    #[arg(long)]
    write: bool,
    /// The AWS profile with the credentials; it takes precedence over credentials in the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A role of the accounts' owners, assumed in accounts other than that of the credentials
    #[arg(long, value_name = "NAME")]
    owner_role: Option<String>,
}

pub(crate) fn run(arguments: &ContextArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let ContextArgs { mesh, write, profile, owner_role } = arguments;
    // A mesh with errors is read as well: a missing fact is one of them.
    let sources = ui.load(mesh)?.sources;
    let environments = wanted(&sources);
    let Some(first) = environments.first() else {
        return Err(Failure::usage(format!("there is no environment in {}", mesh.display())));
    };
    let looker = Looker::connect(profile.as_deref(), owner_role.as_deref(), &first.place)?;
    let mut all = Vec::with_capacity(environments.len());
    for environment in &environments {
        all.push((environment, looker.facts(environment)?));
    }
    let mut exit = Exit::Done;
    for (environment, found) in &all {
        for text in &found.unknown {
            ui.note(&format!("environment {}: {text}", environment.id));
            exit = Exit::Unknown;
        }
    }
    if ui.is_json() {
        let documents: Vec<Value> = all.iter().map(|(one, found)| document(one, found)).collect();
        ui.data(&format!("{:#}\n", json!({ "version": 1, "environments": documents })));
    }
    for (Wanted { id, place, .. }, found) in &all {
        if !ui.is_json() && !write && !found.facts.is_empty() {
            ui.data(&format!("# environment {id} ({place})\n{}", block(&found.facts)));
        }
    }
    let mut texts: Vec<String> = sources.iter().map(|source| source.text.clone()).collect();
    // From the last document of a file to the first, so that the lines of the others stay.
    for (environment, found) in all.iter().rev().filter(|(_, found)| !found.facts.is_empty()) {
        let Some(text) = texts.get_mut(environment.file).filter(|_| *write) else { continue };
        match written(text, environment, &found.facts) {
            Ok(changed) => *text = changed,
            Err(error) => {
                ui.error(&format!("environment {}: {error}", environment.id));
                exit = Exit::No;
            }
        }
    }
    for (source, text) in sources.iter().zip(&texts).filter(|(source, text)| source.text != **text)
    {
        let path = root(mesh).join(&source.path);
        fs::write(&path, text)
            .map_err(|error| Failure::unexpected(format!("{}: {error}", path.display())))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(exit)
}

/// The folder that the paths of the files are below.
fn root(mesh: &Path) -> &Path {
    if mesh.is_dir() { mesh } else { mesh.parent().unwrap_or(mesh) }
}

fn document(environment: &Wanted, found: &Found) -> Value {
    let facts = found.facts.iter().map(|fact| json!({ "key": fact.key, "value": fact.value }));
    json!({
        "id": environment.id,
        "account": environment.place.account,
        "region": environment.place.region,
        "facts": facts.collect::<Vec<Value>>(),
        "unknown": found.unknown,
    })
}
