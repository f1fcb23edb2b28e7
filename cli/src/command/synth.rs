//! `lakewright synth`: the templates of a mesh.

mod print;

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_analysis::assembly::{Staging, files};
use lakewright_analysis::synthesis::each;
use lakewright_analysis::words::count;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::{Offer, Plan, StackPlan};

use crate::arguments::day::Day;
use crate::exit::{Exit, Failure};
use crate::show::summary;
use crate::ui::Ui;

/// Write the CloudFormation templates of a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright synth my-mesh --out out
  lakewright synth my-mesh --print lakewright-dataset-sales
  lakewright synth my-mesh --print lakewright-dataset-sales --as json

Only files that Lakewright wrote are replaced, and the folder stays as it was when anything fails.")]
pub(crate) struct SynthArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The folder to write the assembly into
    #[arg(long, value_name = "DIR", required_unless_present = "print")]
    out: Option<PathBuf>,
    #[command(flatten)]
    day: Day,
    /// Print one stack's template instead of writing anything
    #[arg(long, value_name = "STACK", conflicts_with = "out")]
    pub(crate) print: Option<String>,
    /// How a printed template is written [default: yaml, and json with `--format json`]
    #[arg(long = "as", value_enum, requires = "print")]
    template_format: Option<TemplateFormat>,
}

/// How a printed template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TemplateFormat {
    /// For people
    Yaml,
    /// The bytes that are deployed
    Json,
}

/// The step that no template can do. Source: `docs/lake-formation.md`, which also has the checks before and after it.
const CLOSE_DEFAULTS: &str = "\
to do, unless `lakewright deploy` deploys the stacks: before the first database, close the default permissions of Lake Formation \
in each account and region with datasets, which no template can do (see docs/lake-formation.md):
  aws lakeformation get-data-lake-settings --region REGION --output json | jq '.DataLakeSettings
    | .CreateDatabaseDefaultPermissions = [] | .CreateTableDefaultPermissions = []' > settings.json
  aws lakeformation put-data-lake-settings --region REGION --data-lake-settings file://settings.json";

pub(crate) fn run(arguments: &SynthArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let mut report = loaded.report;
    // The program ends with the command, and freeing a large mesh takes long.
    let mesh = ManuallyDrop::new(mesh);
    let mut plan = ManuallyDrop::new(Plan::of(&mesh, arguments.day.as_of.as_ref()));
    report.extend(std::mem::take(&mut plan.report));
    if let Some(name) = &arguments.print {
        return print::run(&plan, name, arguments.template_format, report, &loaded.sources, ui);
    }
    let out = arguments.out.as_deref().ok_or_else(|| Failure::usage("--out is missing"))?;
    if let (Ok(out), Ok(mesh)) = (out.canonicalize(), arguments.mesh.canonicalize())
        && mesh.starts_with(out)
    {
        let message = "the output folder must not be the mesh's own, or one above it";
        return Err(Failure::usage(message));
    }
    write(&mesh, &plan, out, report, &loaded.sources, ui)
}

fn write(
    mesh: &Mesh,
    plan: &Plan<'_>,
    out: &std::path::Path,
    mut report: Report,
    sources: &[SourceFile],
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let writer = files::Writer::new(Staging::begin(out)?, sources);
    let write_one = |stack: &StackPlan<'_>| writer.template(stack);
    let (mut written, findings) = each(plan, Offer::Environments, &ui.progress(), write_one)?;
    report.extend(findings);
    written.sort_by_cached_key(files::Written::address);
    let report = report.sorted();
    if report.has_errors() {
        ui.report(&report, sources);
        return Ok(Exit::No);
    }
    let summary = files::rest(mesh, &plan.handouts, written, writer)?;
    if ui.is_json() {
        ui.document(summary::to_json(&summary, &report, sources));
    } else {
        ui.report(&report, sources);
        ui.note(&format!(
            "wrote {} for {} to {}",
            count(summary.stacks, "stack"),
            count(summary.accounts, "account"),
            out.display()
        ));
        if !mesh.datasets.is_empty() {
            ui.note(CLOSE_DEFAULTS);
        }
        for handout in &plan.handouts {
            ui.note(&format!("to do: {}: {}", out.join(&handout.path).display(), handout.task));
        }
    }
    Ok(Exit::Done)
}
