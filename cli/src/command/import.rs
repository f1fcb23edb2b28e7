//! `lakewright import`: the mesh of a data.all account, and the migration to it.

mod files;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_analysis::words::count;
use lakewright_import::deployed::Deployed;
use lakewright_import::mesh::describe;
use lakewright_import::migration::{self, MoveBy, Paths};
use lakewright_import::{Gap, Settings};
use lakewright_manifest::{RegionName, ResourcePrefix, RoleArn};
use lakewright_template::AccountId;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Write the mesh of a data.all account from its deployed templates, and the migration to it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright import --from-templates in --out out --trusted-role arn:aws:iam::111122223333:role/app

The folder has a template for each stack, in a file with the stack's name, and what CloudFormation says
about the stacks:
  aws cloudformation get-template --stack-name NAME --query TemplateBody > in/NAME.json
  aws cloudformation describe-stacks --stack-name NAME > in/NAME.stack.json
  aws cloudformation describe-stack-resources --stack-name NAME > in/NAME.resources.json

Nothing is changed in AWS, and no file is overwritten. What no template shows is listed.")]
pub(crate) struct ImportArgs {
    /// The folder with the templates of data.all's stacks
    #[arg(long, value_name = "DIR")]
    from_templates: PathBuf,
    /// The folder to write the mesh into
    #[arg(long, value_name = "MESH_DIR")]
    out: PathBuf,
    /// The folder to write the migration into [default: MESH_DIR-migration]
    #[arg(long, value_name = "DIR")]
    migration: Option<PathBuf>,
    /// A role of the central account that may assume the new pivot role; may be repeated
    #[arg(long, value_name = "ARN", required = true, value_parser = RoleArn::parse)]
    trusted_role: Vec<RoleArn>,
    /// The beginning of the new names; data.all's own cannot be used
    #[arg(long, default_value = "lakewright", value_parser = ResourcePrefix::parse)]
    prefix: ResourcePrefix,
    /// The account of the platform, if no template shows it
    #[arg(long, value_parser = AccountId::parse)]
    central_account: Option<AccountId>,
    /// The region of the platform, if no template shows it
    #[arg(long, value_name = "REGION", value_parser = RegionName::parse)]
    home_region: Option<RegionName>,
    /// The external id of the new pivot role [default: data.all's, if a template shows it]
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// How data moves to stacks of its own
    #[arg(long, value_enum, default_value_t = Way::Refactoring)]
    move_by: Way,
}

/// How data moves to stacks of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// By stack refactoring where CloudFormation can, else by import
    Refactoring,
    /// By import
    Import,
}

pub(crate) fn run(arguments: &ImportArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::usage(error.to_string());
    let (sources, unread) = files::read(&arguments.from_templates)?;
    let mut deployed = Deployed::read(&sources).map_err(|error| wrong(&error))?;
    deployed.gaps.extend(unread);
    let settings = Settings {
        prefix: arguments.prefix.clone(),
        trusted_roles: arguments.trusted_role.clone(),
        central_account: arguments.central_account.clone(),
        home_region: arguments.home_region.as_ref().map(Into::into),
        external_id: arguments.external_id.clone(),
    };
    let described = describe(&deployed, &settings).map_err(|error| wrong(&error))?;
    let out = &arguments.out;
    let migration_folder = arguments.migration.clone().unwrap_or_else(|| {
        let mut name = out.clone().into_os_string();
        name.push("-migration");
        PathBuf::from(name)
    });
    for folder in [out, &migration_folder] {
        files::must_be_empty(folder)?;
    }
    files::write(out, described.files.iter().map(|(name, text)| (name, text)))?;
    let loaded = ui.load(out)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        ui.error(&format!(
            "the mesh in {} has errors, so no migration was planned: correct the names that the templates have, or write the documents \
             by hand",
            out.display()
        ));
        return Ok(Exit::No);
    };
    let by = match arguments.move_by {
        Way::Refactoring => MoveBy::Refactoring,
        Way::Import => MoveBy::Import,
    };
    let paths =
        Paths { mesh: files::shell(out), templates: files::shell(&arguments.from_templates) };
    let migration = migration::plan(&deployed, &described, &mesh, by, &paths);
    files::write(&migration_folder, &migration.files)?;
    if ui.is_json() {
        let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<String>>();
        ui.document(json!({
            "version": 1,
            "stacks": deployed.stacks.len(),
            "mesh": { "folder": out.display().to_string(), "files": names(described.files.iter().map(|(name, _)| name).collect()) },
            "migration": {
                "folder": migration_folder.display().to_string(),
                "files": names(migration.files.keys().collect()),
            },
            "unknown": migration.gaps.iter().map(unknown).collect::<Vec<Value>>(),
        }));
        return Ok(Exit::Done);
    }
    for Gap { subject, unknown, todo } in &migration.gaps {
        ui.prose(&format!("not known: {subject}: {unknown}\n  to do: {todo}\n"));
    }
    ui.note(&format!(
        "read {}; wrote the mesh to {} and a migration of {} to {}\nnext: read {}",
        count(deployed.stacks.len(), "stack"),
        out.display(),
        count(migration.steps.len(), "step"),
        migration_folder.display(),
        migration_folder.join("plan.md").display()
    ));
    Ok(Exit::Done)
}

fn unknown(gap: &Gap) -> Value {
    json!({ "subject": gap.subject, "unknown": gap.unknown, "todo": gap.todo })
}
