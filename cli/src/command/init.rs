//! `lakewright init`: a small mesh that works.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use handlebars::{Handlebars, handlebars_helper, no_escape};
use lakewright_manifest::resolve::{ACCOUNT, CENTRAL_ACCOUNT, EXTERNAL_ID};
use lakewright_manifest::{RegionName, TeamName};
use lakewright_template::{AccountId, Place};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Write a small mesh that works
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright init my-mesh && lakewright synth my-mesh --out out
  lakewright init my-mesh --account 123456789012 --region eu-central-1 --team Analysts
  lakewright init .                            into the current folder, beside what is there

No file is overwritten: if one of them exists already, none is written.")]
pub(crate) struct InitArgs {
    /// The folder to write into; it is created if it does not exist
    dir: PathBuf,
    /// The account of the first environment
    #[arg(long, default_value = ACCOUNT, value_parser = AccountId::parse)]
    account: AccountId,
    /// The account that the platform runs in
    #[arg(long, default_value = CENTRAL_ACCOUNT, value_parser = AccountId::parse)]
    central_account: AccountId,
    /// The region of both
    #[arg(long, default_value = "eu-west-1", value_parser = RegionName::parse)]
    region: RegionName,
    /// The team that owns the environment
    #[arg(long, default_value = "DataPlatform", value_parser = TeamName::parse)]
    team: TeamName,
}

/// The files to render. With the defaults, the result equals `examples/minimal`; a test compares them.
const TEMPLATES: [(&str, &str); 3] = [
    ("mesh.yaml", include_str!("init/mesh.yaml.hbs")),
    ("datasets.yaml", include_str!("init/datasets.yaml.hbs")),
    ("README.md", include_str!("init/README.md.hbs")),
];
/// The file with the JSON Schema for editors.
const SCHEMA: &str = "mesh.schema.json";

// Values are rendered as JSON, which is also YAML, so that every value stays text.
handlebars_helper!(as_json: |value: Value| value.to_string());

pub(crate) fn run(arguments: &InitArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let dir = &arguments.dir;
    let files = render(arguments, SCHEMA)?;
    let schema = format!("{:#}\n", lakewright_manifest::schema::json_schema());
    let files: Vec<(&str, String)> = files.into_iter().chain([(SCHEMA, schema)]).collect();
    // If one file exists, none is written: half a mesh is worse than none. A broken link counts as existing.
    let is_there = |name: &&str| dir.join(name).symlink_metadata().is_ok();
    let there: Vec<&str> = files.iter().map(|(name, _)| *name).filter(is_there).collect();
    if !there.is_empty() {
        return Err(Failure::usage(format!(
            "{} has {} already: nothing was overwritten",
            dir.display(),
            there.join(", ")
        )));
    }
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    for (name, text) in &files {
        let path = dir.join(name);
        let mut file = fs::File::create_new(&path).map_err(|error| failed(&path, &error))?;
        file.write_all(text.as_bytes()).map_err(|error| failed(&path, &error))?;
    }
    if ui.is_json() {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        ui.document(json!({ "version": 1, "files": names }));
    }
    let shown = dir.display();
    ui.note(&format!("wrote a small mesh to {shown}\nnext: lakewright synth {shown} --out out"));
    Ok(Exit::Done)
}

fn render(arguments: &InitArgs, schema: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let InitArgs { dir: _, account, central_account, region, team } = arguments;
    let central = Place { account: central_account.clone(), region: region.into() };
    let values = json!({
        "schema": schema,
        "account": account.as_str(),
        "external_id": EXTERNAL_ID,
        "central_account": central_account.as_str(),
        "region": region.as_str(),
        "team": team.as_str(),
        "platform_role": central.role_arn("lakewright-platform"),
    });
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape);
    engine.register_helper("json", Box::new(as_json));
    let render = |(name, template): &(&'static str, &str)| {
        let text = engine.render_template(template, &values);
        text.map(|text| (*name, text)).map_err(|error| Failure::unexpected(error.to_string()))
    };
    TEMPLATES.iter().map(render).collect()
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already; nothing was changed", path.display()))
        }
        _ => Failure::unexpected(format!("{} cannot be written: {error}", path.display())),
    }
}
