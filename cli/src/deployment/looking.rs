//! Commands that only look at what is deployed.

pub(crate) mod facts;

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::synthesis::{needed, synthesize_all};
use lakewright_manifest::Date;
use lakewright_stacks::Plan;

use super::{Deployment, Options, Progress, Wanted, base};
use crate::arguments::day::Day;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// A mesh whose deployed stacks are looked at, and how they are reached.
#[derive(Debug, Args)]
pub(crate) struct Looking {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    pub(crate) mesh: PathBuf,
    #[command(flatten)]
    pub(crate) day: Day,
    /// The AWS profile with the credentials; it takes precedence over credentials in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A role of the accounts' owners, assumed where the deploy role cannot be
    #[arg(long, value_name = "NAME")]
    pub(crate) owner_role: Option<String>,
    /// An earlier version of the mesh: stacks that it left are also looked for in its accounts, not only in those that
    /// the record of deployments names
    #[arg(long, value_name = "MESH")]
    pub(crate) base: Option<PathBuf>,
}

impl Looking {
    /// The options of the deployment that looks.
    pub(crate) fn options(&self) -> Options {
        let Self { profile, owner_role, base, mesh: _, day: _ } = self;
        let looking = Options::looking(profile.clone(), None, owner_role.clone());
        Options { base: base.clone(), ..looking }
    }
}

impl Options {
    /// With or without questions.
    pub(crate) fn confirmed(self, yes: bool) -> Self {
        Self { yes, ..self }
    }
}

/// Makes the stacks of a mesh, connects to AWS, and hands both to `work`. A mesh with errors is shown instead.
pub(crate) fn look(
    looking: &Looking,
    options: &Options,
    ui: &mut Ui,
    work: impl FnOnce(Deployment<'_>, &Date, &mut Ui) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let progress = Progress::watched();
    let loaded = ui.load(&looking.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    ui.hide(&mesh.tenant.pivot_role.external_id);
    let day = looking.day.or_today()?;
    let plan = Plan::of(&mesh, Some(&day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let needed = match needed(&plan, &found) {
        Ok(needed) => needed,
        Err(report) => {
            ui.report(&report.sorted(), &loaded.sources);
            return Ok(Exit::No);
        }
    };
    let base = base(&mesh, options.base.as_deref())?;
    let wanted =
        Wanted { mesh: &mesh, found, listed: None, needed, base, sources: &loaded.sources };
    let deployment = Deployment::connect(wanted, options, false, progress)?;
    work(deployment, &day, ui)
}
