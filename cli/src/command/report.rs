//! `lakewright report`: the portal.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use lakewright_analysis::checked::Checked;
use lakewright_analysis::mesh::Loaded;
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_analysis::words::count;
use lakewright_governance::Governance;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_portal::{File, Input, Review, StackContents, site};
use lakewright_stacks::Plan;
use serde_json::json;

use crate::arguments::day::Day;
use crate::arguments::governed::reported;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::memory;
use crate::show::guardrails::show_all;
use crate::site::SiteFolder;
use crate::ui::Ui;

/// Write the portal: a site about the mesh that needs no server and no network
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright report my-mesh --out site            then open site/index.html in a browser
  lakewright report my-mesh --out site --review review.json
  lakewright diff git:main:my-mesh/ my-mesh --format json > review.json

A folder that is not empty is replaced only if `report` wrote everything in it, and it stays as it was
when anything fails.")]
pub(crate) struct ReportArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    /// The folder to write the site into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The last review, as `lakewright diff --format json` wrote it
    #[arg(long, value_name = "FILE")]
    review: Option<PathBuf>,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &ReportArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    memory::small_pages();
    let review = arguments.review.as_deref().map(read_review).transpose()?;
    let folder = SiteFolder::at(&arguments.out)?;
    let Loaded { sources, mesh, report } = ui.load(&arguments.mesh)?;
    let Some(mesh) = mesh else {
        ui.report(&report, &sources);
        return Ok(Exit::No);
    };
    let made = Making { mesh: &mesh, review: review.as_ref(), day: &arguments.day };
    let Some(files) = made.files(report, sources, ui)? else { return Ok(Exit::No) };
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    folder.replace(&files)?;
    let page = arguments.out.join("index.html");
    if ui.is_json() {
        ui.document(json!({ "version": 1, "page": page, "files": files.len(), "bytes": bytes }));
    } else {
        let (number, kibibytes) = (count(files.len(), "file"), bytes.div_ceil(1024));
        ui.note(&format!("wrote {number} ({kibibytes} KiB); open {}", page.display()));
    }
    Ok(Exit::Done)
}

fn read_review(path: &Path) -> Result<Review, Failure> {
    let text = input::text(path)?;
    Review::parse(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// What the site is made of.
struct Making<'a> {
    mesh: &'a Mesh,
    review: Option<&'a Review>,
    day: &'a Day,
}

impl Making<'_> {
    /// The files of the site. `None` if the mesh has errors, which are shown.
    fn files(
        &self,
        mut report: Report,
        sources: Vec<SourceFile>,
        ui: &mut Ui,
    ) -> Result<Option<Vec<File>>, Failure> {
        let day = self.day.as_of.as_ref();
        let plan = Plan::of(self.mesh, day);
        let checked = Checked::of(&plan, self.mesh, true, &ui.progress())?;
        let governance = Governance::of(self.mesh, day);
        report.extend(plan.report.clone());
        report.extend(checked.findings);
        if let Err(problems) = &governance {
            report.extend(reported(problems));
        }
        let report = report.sorted();
        if report.has_errors() || !checked.breaches.is_empty() {
            show_all(&report, &sources, &checked.breaches, ui);
            return Ok(None);
        }
        if !report.is_empty() {
            ui.note("the mesh has warnings; `lakewright check` shows them");
        }
        let stacks = Mutex::new(Vec::new());
        let OfMesh { subject, sources, .. } = Subject::of_plan_seen(
            &plan,
            day,
            Keep::Grants,
            sources,
            &ui.progress(),
            &|stack, template, lines| {
                let contents = StackContents::of(stack, template, lines);
                stacks.lock().expect("no thread panics while it holds the lock").push(contents);
            },
        )?;
        let (Some(subject), Ok(governance)) = (subject, governance) else {
            return Err(Failure::unexpected("a mesh without findings has no stacks"));
        };
        let stacks = stacks.into_inner().map_err(|error| Failure::unexpected(error.to_string()))?;
        let files = site(&Input {
            mesh: self.mesh,
            sources: &sources,
            subject: &subject,
            stacks: &stacks,
            runway: &checked.runways,
            governance: &governance,
            review: self.review,
            day,
            tool: env!("CARGO_PKG_VERSION"),
        });
        files.map(Some).map_err(|error| Failure::unexpected(error.to_string()))
    }
}
